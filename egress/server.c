#include "egress/server.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/msg.h"
#include "egress/conn.h"
#include "egress/journal.h"
#include "egress/metrics.h"
#include "egress/oauth.h"

#define ACCEPTS_MAX 32 /* a round */

#define server_of(w, member) ((struct server *)((char *)(w)-offsetof(struct server, member)))

/* ---- proxy */

/*
 * Without a free descriptor the connection would stay in the queue and wake us for ever: it is
 * accepted with the spare one and closed, which the agent sees at once.
 */
static void shed(struct server *v)
{
	int fd;

	fd_close(&v->spare);
	fd = accept4(v->proxy, NULL, NULL, SOCK_CLOEXEC);
	fd_close(&fd);
	v->spare = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
	journal_warn(v->service, "a connection was closed: no free descriptors");
}

static void on_proxy(struct loop_watch *w, uint32_t events)
{
	struct server *v = server_of(w, proxy_watch);
	int64_t most = rules_limits(v->service->rules)->of[LIMIT_AGENT_CONNECTIONS];

	(void)events;
	for (int i = 0; i < ACCEPTS_MAX; i++) {
		int fd = accept4(v->proxy, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

		if (fd < 0) {
			if (errno == EMFILE || errno == ENFILE)
				shed(v);
			return;
		}
		metrics_count(v->service->metrics, METRICS_AGENT_CONNECTIONS);
		if ((int64_t)v->service->n_conns < most) {
			conn_accept(v->service, fd);
			continue;
		}
		fd_close(&fd);
		journal_warn(v->service,
			"a connection was closed: %lld are open (limits: connections)",
			(long long)most);
	}
}

/* ---- names */

/* The answer leaves from the address that was asked: the control message goes back as it came. */
static bool answer_one(struct server *v)
{
	unsigned char in[4096], out[DNS_UDP_MAX];
	struct sockaddr_in from;
	union {
		char buf[CMSG_SPACE(sizeof(struct in_pktinfo))];
		struct cmsghdr align;
	} control;
	struct iovec iov = {.iov_base = in, .iov_len = sizeof(in)};
	struct msghdr mh = {.msg_name = &from,
		.msg_namelen = sizeof(from),
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control.buf,
		.msg_controllen = sizeof(control.buf)};
	ssize_t n = recvmsg(v->dns, &mh, MSG_DONTWAIT);
	struct cmsghdr *c;

	if (n < 0)
		return errno == EINTR;
	iov.iov_base = out;
	iov.iov_len = names_answer(
		v->service->names, rules_policy(v->service->rules), in, (size_t)n, out);
	if (iov.iov_len == 0 || (mh.msg_flags & MSG_TRUNC))
		return true;
	c = CMSG_FIRSTHDR(&mh);
	if (c && c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
		struct in_pktinfo *info = (struct in_pktinfo *)CMSG_DATA(c);

		info->ipi_spec_dst = info->ipi_addr;
	}
	mh.msg_flags = 0;
	/* A lost answer is asked for again: that is UDP. */
	(void)sendmsg(v->dns, &mh, MSG_DONTWAIT | MSG_NOSIGNAL);
	return true;
}

static void on_dns(struct loop_watch *w, uint32_t events)
{
	struct server *v = server_of(w, dns_watch);

	(void)events;
	for (int i = 0; i < ACCEPTS_MAX; i++)
		if (!answer_one(v))
			return;
}

/* ---- the monitor */

static int reload(struct server *v, const struct msg *m, struct err *e)
{
	struct err result = {0};

	if (service_reload(v->service, m->body, &result) == 0)
		result = (struct err){0};
	return msg_send(v->control, COMPONENT_RELOADED, &result, sizeof(result), NULL, 0, e);
}

/* 1: go on; 0: stop as asked; -errno. */
static int read_control(struct server *v, struct err *e)
{
	cleanup_msg struct msg m = {0};
	int r = msg_recv(v->control, &m, e);

	if (r == 0)
		return err_say(e, EPIPE, "the monitor is gone");
	if (r < 0)
		return r;
	if (m.type == COMPONENT_STOP && m.len == 0)
		return 0;
	if (m.type == COMPONENT_SECRET)
		return service_offer(v->service, &m, e) < 0 ? -e->code : 1;
	if (m.type == COMPONENT_TOKEN_NOW) {
		r = oauth_token_now(v->service->oauth, m.body, m.len, e);
		return r < 0 ? r : 1;
	}
	if (m.type != COMPONENT_RELOAD)
		return err_say(e, EPROTO, "unknown control message %u", m.type);
	r = reload(v, &m, e);
	return r < 0 ? r : 1;
}

static void on_control(struct loop_watch *w, uint32_t events)
{
	struct server *v = server_of(w, control_watch);
	struct err e;
	int r = read_control(v, &e);

	(void)events;
	if (r > 0)
		return;
	v->stopped = r == 0;
	loop_stop(v->service->loop);
}

/* ---- all of them */

static bool on_tick(void *arg)
{
	struct server *v = arg;
	struct service *s = v->service;
	bool figures = metrics_server_tick(v->metrics);
	bool lookups = resolver_tick(s->resolver), tokens = oauth_tick(s->oauth);
	struct conn *next;

	for (struct conn *c = s->conns; c; c = next) {
		next = c->next;
		conn_tick(c);
	}
	return lookups || figures || tokens || s->n_conns > 0;
}

static int watch(struct server *v, int fd, struct loop_watch *w, struct err *e)
{
	int r = loop_add(v->service->loop, fd, EPOLLIN, w);

	return r < 0 ? err_set(e, -r, "watch a socket") : 0;
}

/* Two descriptors a connection. Not to get them is no error: connections are refused earlier. */
static void raise_descriptors(void)
{
	const rlim_t want = 2 * (rlim_t)limits_row(LIMIT_AGENT_CONNECTIONS)->most + 64;
	struct rlimit r;

	if (getrlimit(RLIMIT_NOFILE, &r) < 0)
		return;
	r.rlim_cur = r.rlim_max < want ? r.rlim_max : want;
	(void)setrlimit(RLIMIT_NOFILE, &r);
}

int server_open(struct service *s, int control, struct server *ret, struct err *e)
{
	int one = 1, r;

	*ret = (struct server){
		.proxy_watch.ready = on_proxy,
		.dns_watch.ready = on_dns,
		.control_watch.ready = on_control,
		.service = s,
		.proxy = component_take_listener(&s->boot, "proxy"),
		.dns = component_take_listener(&s->boot, "dns"),
		.control = control,
		.spare = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3),
	};
	if (ret->proxy < 0 || ret->dns < 0)
		return err_say(e, EINVAL, "the listeners proxy and dns were not handed over");
	if (fd_set_nonblock(ret->proxy, 1) < 0 || fd_set_nonblock(ret->dns, 1) < 0 ||
		setsockopt(ret->dns, IPPROTO_IP, IP_PKTINFO, &one, sizeof(one)) < 0)
		return err_set(e, errno, "set up the listeners");
	raise_descriptors();
	oauth_set_control(s->oauth, control);
	loop_set_tick(s->loop, on_tick, ret);
	r = watch(ret, ret->proxy, &ret->proxy_watch, e);
	if (r == 0)
		r = watch(ret, ret->dns, &ret->dns_watch, e);
	if (r == 0)
		r = metrics_server_new(
			s, component_take_listener(&s->boot, "metrics"), &ret->metrics, e);
	return r < 0 ? r : watch(ret, control, &ret->control_watch, e);
}

int server_run(struct server *v, struct err *e)
{
	int r = loop_run(v->service->loop, e);

	if (r < 0)
		return r;
	return v->stopped ? 0 : err_say(e, EPIPE, "the monitor is gone");
}

void server_done(struct server *v)
{
	for (struct conn *next, *c = v->service->conns; c; c = next) {
		next = c->next;
		conn_end(c);
	}
	metrics_server_free(v->metrics);
	fd_close(&v->proxy);
	fd_close(&v->dns);
	fd_close(&v->spare);
}
