#include <errno.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "base/fd.h"
#include "egress/metrics.h"
#include "egress/upstream.h"
#include "egress/upstream_parts.h"

/* The way to an upstream's address, or to that of the network's proxy: resolved once, every address
 * checked, dialled as checked. */

/*
 * Theory of operation (RFC 8305, section 5). The addresses are dialled one after the other, each
 * ATTEMPT_MS behind the one before it, or when that has failed; those that were not answered yet
 * stay on their way beside it. The first that answers is the upstream, the others are closed.
 */
#define ATTEMPT_MS 250
/* At a time; for one more the oldest is given up. */
#define ATTEMPTS_MAX 4
#define EVENTS	     (EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET)

void upstream_fail(struct upstream *u)
{
	struct refusal why = u->why;

	metrics_upstream_failed(u->service->metrics, why.error);
	upstream_close(u);
	u->why = why;
	u->state = UPSTREAM_FAILED;
}

void upstream_fail_errno(struct upstream *u, int errnum)
{
	char reason[80], text[INET6_ADDRSTRLEN];
	int status = errnum == ETIMEDOUT ? 504 : 502;

	err_reason(errnum, reason, sizeof(reason));
	if (u->proxy)
		refusal_set(&u->why, status, "upstream_proxy", "egress.upstream_proxy",
			"no way to %s by the network's proxy %s: %s", u->host, proxy_name(u->proxy),
			reason);
	else
		refusal_set(&u->why, status, "upstream_unreachable", "upstream",
			"cannot connect to %s (%s) port %u: %s", u->host,
			address_text(&u->list[u->next - 1], text, sizeof(text)), u->port, reason);
	upstream_fail(u);
}

void upstream_set_deadline(struct upstream *u, enum limit which)
{
	u->deadline_ms = loop_now_ms(u->service->loop) + rule_limits(u->rule)->of[which];
}

void upstream_dial_end(struct upstream *u)
{
	for (size_t i = 0; i < u->next; i++)
		fd_close(&u->dialled[i]);
}

/* Again for a socket that is on its way: connect(2) tells what became of it. */
static int begin_connect(const struct upstream *u, size_t i)
{
	struct sockaddr_storage sa;
	uint16_t port = u->proxy ? proxy_port(u->proxy) : u->port;
	socklen_t len = address_to_sockaddr(&u->list[i], port, &sa);

	return connect(u->dialled[i], (struct sockaddr *)&sa, len) < 0 ? -errno : 0;
}

static int dial_one(struct upstream *u, size_t i)
{
	int one = 1, r;

	u->dialled[i] = socket(u->list[i].family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (u->dialled[i] < 0)
		return -errno;
	if (setsockopt(u->dialled[i], IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one)) < 0)
		return -errno;
	r = begin_connect(u, i);
	if (r < 0 && r != -EINPROGRESS)
		return r;
	return loop_add(u->service->loop, u->dialled[i], EVENTS, &u->dial_watch);
}

static size_t count_dialled(const struct upstream *u, size_t *ret_oldest)
{
	size_t n = 0;

	for (size_t i = u->next; i-- > 0;) {
		if (u->dialled[i] < 0)
			continue;
		*ret_oldest = i;
		n++;
	}
	return n;
}

/* The next address whose connection can be begun. 0 or -errno: there is none. */
static int dial_next(struct upstream *u, int last_error)
{
	struct loop *l = u->service->loop;
	size_t oldest = 0;

	if (u->next < u->n && count_dialled(u, &oldest) == ATTEMPTS_MAX)
		fd_close(&u->dialled[oldest]);
	while (u->next < u->n) {
		int r = dial_one(u, u->next++);

		if (r == 0) {
			u->deadline_ms = loop_now_ms(l) + ATTEMPT_MS;
			if (u->deadline_ms > u->dial_end_ms)
				u->deadline_ms = u->dial_end_ms;
			if (u->next < u->n)
				loop_tick_within(l, ATTEMPT_MS);
			return 0;
		}
		fd_close(&u->dialled[u->next - 1]);
		last_error = r;
	}
	u->deadline_ms = u->dial_end_ms;
	return last_error;
}

/* The proxy's are the operator's word, but what is the bottle's own is nobody's proxy. */
static int check_address(struct upstream *u, const struct address *a)
{
	if (!u->proxy)
		return rule_check_address(u->rule, a, &u->why);
	if (!address_is_bottle(a))
		return 0;
	return refusal_set(&u->why, 403, "address_not_allowed", "upstream addresses",
		"the network's proxy %s has an address of the bottle's own", proxy_name(u->proxy));
}

/* All of them must be allowed: one private address among public ones is an attack or a mistake. */
static bool addresses_allowed(struct upstream *u)
{
	for (size_t i = 0; i < u->n; i++)
		if (check_address(u, &u->list[i]) < 0)
			return false;
	return true;
}

static void dial(struct upstream *u, const struct address *list, size_t n)
{
	int r;

	memcpy(u->list, list, n * sizeof(*list));
	u->n = n;
	u->next = 0;
	address_alternate(u->list, n, u->service->family);
	if (!addresses_allowed(u)) {
		upstream_fail(u);
		return;
	}
	upstream_set_deadline(u, LIMIT_CONNECT_MS);
	u->dial_end_ms = u->deadline_ms;
	u->state = UPSTREAM_CONNECT;
	r = dial_next(u, -EHOSTUNREACH);
	if (r < 0)
		upstream_fail_errno(u, -r);
}

static void resolved(void *arg, const struct address *list, size_t n, const char *why)
{
	struct upstream *u = arg;

	u->lookup = NULL;
	if (n == 0) {
		refusal_set(&u->why, 502, "upstream_name", "upstream",
			"the name %s was not resolved: %s",
			u->proxy ? proxy_name(u->proxy) : u->host, why);
		upstream_fail(u);
	} else {
		dial(u, list, n);
	}
	u->wake(u->arg);
}

void upstream_resolve(struct upstream *u)
{
	struct resolve_done done = {.fn = resolved, .arg = u};
	const struct address *literal = u->proxy ? proxy_address(u->proxy) : NULL;
	struct err e;

	u->state = UPSTREAM_RESOLVE;
	if (literal) {
		dial(u, literal, 1);
		return;
	}
	if (resolver_start(u->service->resolver, u->proxy ? proxy_host(u->proxy) : u->host, &done,
		    &u->lookup, &e) == 0)
		return;
	refusal_set(&u->why, 503, "upstream_name", "upstream", "%s", e.msg);
	upstream_fail(u);
}

/* It answers: the wire leads there. Who was tried in vain comes last the next time. */
static bool choose(struct upstream *u, size_t i)
{
	wire_done(&u->wire);
	u->wire.last_words = true;
	u->wire.fd = steal_fd(&u->dialled[i]);
	wire_keep_alive(&u->wire);
	upstream_dial_end(u);
	if (i > 0)
		u->service->family = u->list[i].family;
	u->next = i + 1;
	if (loop_move(u->service->loop, u->wire.fd, EVENTS, &u->watch) == 0)
		return true;
	upstream_fail_errno(u, ENOMEM);
	return false;
}

/* Which of them answers; RESOLVER_ADDRESSES_MAX: none yet. Those that failed are closed. */
static size_t look(struct upstream *u, int *last_error)
{
	for (size_t i = 0; i < u->next; i++) {
		int r = u->dialled[i] >= 0 ? begin_connect(u, i) : -EALREADY;

		if (r == 0 || r == -EISCONN)
			return i;
		if (r == -EALREADY || r == -EINPROGRESS)
			continue;
		*last_error = r;
		fd_close(&u->dialled[i]);
	}
	return RESOLVER_ADDRESSES_MAX;
}

bool upstream_dialled(struct upstream *u)
{
	int64_t now = loop_now_ms(u->service->loop);
	int last_error = 0;
	size_t i = look(u, &last_error), oldest;

	if (i < RESOLVER_ADDRESSES_MAX)
		return choose(u, i);
	if (now >= u->dial_end_ms) {
		upstream_fail_errno(u, ETIMEDOUT);
		return false;
	}
	if (last_error < 0 || now >= u->deadline_ms)
		(void)dial_next(u, last_error);
	if (count_dialled(u, &oldest) == 0)
		upstream_fail_errno(u, last_error < 0 ? -last_error : EHOSTUNREACH);
	return false;
}
