#include "egress/resolver.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <openssl/rand.h>

#include "base/fd.h"
#include "base/str.h"
#include "egress/dns.h"
#include "egress/host.h"

/*
 * Theory of operation. A lookup asks for A and, when the sidecar can reach IPv6, AAAA, over one
 * connected UDP socket, so that the kernel drops what comes from elsewhere. Each attempt (2.5 s)
 * uses the next server and a new socket, also when a server answers that it cannot; after ATTEMPTS
 * the lookup fails. A truncated answer switches the lookup to TCP for the question that was
 * truncated; a server that does not know EDNS is asked without. When one family's addresses are
 * there, the other's are waited for only for a moment (RFC 8305 section 3).
 */
#define SERVERS_MAX 3
#define ATTEMPTS    4
#define ATTEMPT_MS  2500
#define OTHER_MS    500
#define DNS_PORT    53
#define TCP_MAX	    8192

struct resolver {
	struct loop *loop;
	int conf_fd;
	struct resolve *first;
};

struct query {
	enum dns_type type;
	uint16_t id;
	bool done;
	bool failed; /* in this attempt */
};

struct resolve {
	struct loop_watch watch; /* first: the watch is cast back to the lookup */
	struct loop_task finish;
	struct resolve *next;
	struct resolver *owner;
	char host[HOST_MAX];
	struct resolve_done done;
	struct address servers[SERVERS_MAX];
	size_t n_servers, attempt;
	int64_t deadline_ms;
	int fd;
	bool tcp;
	bool plain; /* without EDNS */
	unsigned char tcp_in[TCP_MAX];
	size_t tcp_len;
	bool tcp_sent;
	struct query queries[2];
	size_t n_queries;
	struct address list[RESOLVER_ADDRESSES_MAX];
	size_t n;
	const char *why; /* NULL: nobody has said anything yet */
};

int resolver_new(struct loop *loop, const char *path, struct resolver **ret, struct err *e)
{
	struct resolver *r = calloc(1, sizeof(*r));

	if (!r)
		return err_set(e, ENOMEM, "the resolver");
	r->loop = loop;
	r->conf_fd = open(path, O_RDONLY | O_CLOEXEC);
	*ret = r;
	return 0;
}

void resolver_free(struct resolver *r)
{
	if (!r)
		return;
	while (r->first)
		resolver_cancel(r, r->first);
	fd_close(&r->conf_fd);
	free(r);
}

/* ---- resolv.conf(5): nameserver lines only */

static bool parse_server(const char *text, struct address *ret)
{
	char copy[INET6_ADDRSTRLEN];
	size_t n = strcspn(text, " \t\r\n%");

	if (n >= sizeof(copy))
		return false;
	memcpy(copy, text, n);
	copy[n] = '\0';
	*ret = (struct address){.family = AF_INET};
	if (inet_pton(AF_INET, copy, &ret->v4) == 1)
		return true;
	ret->family = AF_INET6;
	return inet_pton(AF_INET6, copy, &ret->v6) == 1;
}

static void read_servers(struct resolver *r, struct resolve *l)
{
	static const char word[] = "nameserver";
	char text[8192];
	ssize_t n = r->conf_fd < 0 ? 0 : pread(r->conf_fd, text, sizeof(text) - 1, 0);
	char *save = NULL;

	text[n < 0 ? 0 : n] = '\0';
	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		const char *rest = line + strlen(word);

		if (!str_starts(line, word) || (*rest != ' ' && *rest != '\t'))
			continue;
		rest += strspn(rest, " \t");
		if (l->n_servers < SERVERS_MAX && parse_server(rest, &l->servers[l->n_servers]))
			l->n_servers++;
	}
}

/* A route lookup in the kernel, no packet: is there any way to the IPv6 Internet? */
static bool has_ipv6(void)
{
	struct address a = {.family = AF_INET6};
	struct sockaddr_storage sa;
	cleanup_fd int fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	socklen_t len;

	if (fd < 0 || inet_pton(AF_INET6, "2600::", &a.v6) != 1)
		return false;
	len = address_to_sockaddr(&a, DNS_PORT, &sa);
	return connect(fd, (struct sockaddr *)&sa, len) == 0;
}

/* ---- one attempt */

static void end_lookup(struct resolve *l, const char *why);

/* Whether there is nothing more to be heard in this attempt; *ret_failed: not all was said. */
static bool all_heard(const struct resolve *l, bool *ret_failed)
{
	*ret_failed = false;
	for (size_t i = 0; i < l->n_queries; i++) {
		if (!l->queries[i].done && !l->queries[i].failed)
			return false;
		*ret_failed |= l->queries[i].failed;
	}
	return true;
}

/* Over TCP a length stands in front (RFC 1035 section 4.2.2). */
static int send_queries(struct resolve *l)
{
	unsigned char packet[2 + DNS_UDP_MAX];

	for (size_t i = 0; i < l->n_queries; i++) {
		struct query *q = &l->queries[i];
		size_t n;

		q->failed = false;
		if (q->done)
			continue;
		if (RAND_bytes((unsigned char *)&q->id, sizeof(q->id)) != 1)
			return -EIO;
		n = dns_write_question(q->id, l->host, q->type, !l->plain, packet + 2);
		packet[0] = (unsigned char)(n >> 8);
		packet[1] = (unsigned char)n;
		if (send(l->fd, l->tcp ? packet : packet + 2, l->tcp ? n + 2 : n, MSG_NOSIGNAL) < 0)
			return -errno;
	}
	return 0;
}

static int open_attempt(struct resolve *l)
{
	const struct address *server = &l->servers[l->attempt % l->n_servers];
	struct sockaddr_storage sa;
	socklen_t len = address_to_sockaddr(server, DNS_PORT, &sa);
	int type = (l->tcp ? SOCK_STREAM : SOCK_DGRAM) | SOCK_CLOEXEC | SOCK_NONBLOCK;

	fd_close(&l->fd);
	l->tcp_len = 0;
	l->tcp_sent = false;
	l->deadline_ms = loop_now_ms(l->owner->loop) + ATTEMPT_MS;
	l->fd = socket(server->family, type, 0);
	if (l->fd < 0)
		return -errno;
	if (connect(l->fd, (struct sockaddr *)&sa, len) < 0 && errno != EINPROGRESS)
		return -errno;
	return loop_add(l->owner->loop, l->fd, EPOLLIN | EPOLLOUT | EPOLLET, &l->watch);
}

/* The next attempt that can be begun, or the end. */
static void next_attempt(struct resolve *l)
{
	/* One family is enough: a server that drops AAAA questions must not hold up the rest. */
	if (l->n > 0) {
		end_lookup(l, l->why);
		return;
	}
	while (++l->attempt < ATTEMPTS) {
		l->tcp = false;
		if (open_attempt(l) == 0 && send_queries(l) == 0)
			return;
	}
	end_lookup(l, l->why ? l->why : "no name server answered");
}

/* ---- answers */

static void take_result(struct resolve *l, struct query *q, const struct dns_result *res)
{
	int64_t soon = loop_now_ms(l->owner->loop) + OTHER_MS;

	q->done = true;
	l->why = res->rcode == DNS_NXDOMAIN ? "the name does not exist" : "the name has no address";
	for (size_t i = 0; i < res->n && l->n < RESOLVER_ADDRESSES_MAX; i++)
		l->list[l->n++] = res->list[i];
	if (l->n > 0 && soon < l->deadline_ms)
		l->deadline_ms = soon;
}

/* The server cannot, or does not want to. false: it is asked anew, without EDNS. */
static bool take_failure(struct resolve *l, struct query *q, enum dns_rcode rcode)
{
	bool old = rcode == DNS_FORMERR || rcode == DNS_NOTIMP;

	q->failed = true;
	l->why = rcode == DNS_REFUSED ? "the name server refused to answer"
				      : "the name server failed";
	if (!old || l->plain)
		return true;
	l->plain = true;
	l->tcp = false;
	return open_attempt(l) < 0 || send_queries(l) < 0;
}

/* Whether more is to be heard; else the lookup has ended, or goes on with the next server. */
static bool awaits_more(struct resolve *l)
{
	bool failed;

	if (!all_heard(l, &failed))
		return true;
	if (failed)
		next_attempt(l);
	else
		end_lookup(l, l->why);
	return false;
}

/* Whether the lookup goes on as before. */
static bool take_message(struct resolve *l, const unsigned char *p, size_t len)
{
	for (size_t i = 0; i < l->n_queries; i++) {
		struct query *q = &l->queries[i];
		struct dns_result res;

		if (q->done || dns_parse_answer(p, len, q->id, l->host, q->type, &res) < 0)
			continue;
		if (res.truncated && !l->tcp) {
			l->tcp = true;
			if (open_attempt(l) < 0)
				next_attempt(l);
			return false;
		}
		if (res.rcode != DNS_NOERROR && res.rcode != DNS_NXDOMAIN) {
			if (!take_failure(l, q, res.rcode))
				return false;
			break;
		}
		take_result(l, q, &res);
		break;
	}
	return awaits_more(l);
}

static void read_udp(struct resolve *l)
{
	unsigned char packet[4096];
	ssize_t n;

	for (;;) {
		n = recv(l->fd, packet, sizeof(packet), 0);
		if (n < 0)
			break;
		if (!take_message(l, packet, (size_t)n))
			return;
	}
	/* Refused: a closed port answers by ICMP. */
	if (errno != EAGAIN && errno != EINTR)
		next_attempt(l);
}

/* The whole messages among what has come. Whether the lookup goes on as before. */
static bool take_tcp(struct resolve *l)
{
	while (l->tcp_len >= 2) {
		size_t len = (size_t)l->tcp_in[0] << 8 | l->tcp_in[1];

		if (len > TCP_MAX - 2) {
			next_attempt(l);
			return false;
		}
		if (l->tcp_len < 2 + len)
			return true;
		if (!take_message(l, l->tcp_in + 2, len))
			return false;
		l->tcp_len -= 2 + len;
		memmove(l->tcp_in, l->tcp_in + 2 + len, l->tcp_len);
	}
	return true;
}

/* Edge-triggered: all that is there must be read now. */
static void read_tcp(struct resolve *l)
{
	ssize_t n;

	do {
		n = recv(l->fd, l->tcp_in + l->tcp_len, TCP_MAX - l->tcp_len, 0);
		if (n > 0)
			l->tcp_len += (size_t)n;
	} while (n > 0 && take_tcp(l));
	if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
		next_attempt(l);
}

static void on_ready(struct loop_watch *w, uint32_t events)
{
	struct resolve *l = (struct resolve *)w;

	if (l->fd < 0)
		return;
	if (l->tcp && !l->tcp_sent && (events & EPOLLOUT)) {
		l->tcp_sent = true;
		if (send_queries(l) < 0) {
			next_attempt(l);
			return;
		}
	}
	if (!(events & (EPOLLIN | EPOLLERR | EPOLLHUP)))
		return;
	if (l->tcp)
		read_tcp(l);
	else
		read_udp(l);
}

/* ---- the end */

static void unlink_lookup(struct resolve *l)
{
	for (struct resolve **at = &l->owner->first; *at; at = &(*at)->next) {
		if (*at != l)
			continue;
		*at = l->next;
		return;
	}
}

static void free_later(struct loop_task *t)
{
	struct resolve *l = (struct resolve *)((char *)t - offsetof(struct resolve, finish));

	free(l);
}

/* Tells the asker, unless he has cancelled; runs after the events, when nobody is inside. */
static void tell_later(struct loop_task *t)
{
	struct resolve *l = (struct resolve *)((char *)t - offsetof(struct resolve, finish));

	unlink_lookup(l);
	if (l->done.fn)
		l->done.fn(l->done.arg, l->list, l->n, l->why);
	l->finish.fn = free_later;
	loop_later(l->owner->loop, &l->finish);
}

static void end_lookup(struct resolve *l, const char *why)
{
	fd_close(&l->fd);
	l->deadline_ms = INT64_MAX;
	l->why = why;
	l->finish.fn = tell_later;
	loop_later(l->owner->loop, &l->finish);
}

void resolver_cancel(struct resolver *r, struct resolve *l)
{
	(void)r;
	fd_close(&l->fd);
	l->deadline_ms = INT64_MAX;
	l->done.fn = NULL;
	if (l->finish.queued)
		return;
	unlink_lookup(l);
	l->finish.fn = free_later;
	loop_later(l->owner->loop, &l->finish);
}

int resolver_start(struct resolver *r, const char *host, const struct resolve_done *done,
	struct resolve **ret, struct err *e)
{
	struct resolve *l = calloc(1, sizeof(*l));

	if (!l)
		return err_set(e, ENOMEM, "a name lookup");
	l->watch.ready = on_ready;
	l->owner = r;
	l->fd = -1;
	l->done = *done;
	memcpy(l->host, host, strlen(host) + 1);
	l->queries[l->n_queries++].type = DNS_A;
	if (has_ipv6())
		l->queries[l->n_queries++].type = DNS_AAAA;
	l->next = r->first;
	r->first = l;
	loop_want_ticks(r->loop);
	read_servers(r, l);
	if (l->n_servers == 0)
		end_lookup(l, "the sidecar's resolv.conf names no server");
	else if (open_attempt(l) < 0 || send_queries(l) < 0)
		next_attempt(l);
	*ret = l;
	return 0;
}

bool resolver_tick(struct resolver *r)
{
	int64_t now = loop_now_ms(r->loop);
	struct resolve *next;

	for (struct resolve *l = r->first; l; l = next) {
		next = l->next;
		if (now >= l->deadline_ms)
			next_attempt(l);
	}
	return r->first != NULL;
}
