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

/* What one address may take while there is another: half a second is a long way round the world. */
#define ATTEMPT_MS 2000

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

static int dial_one(struct upstream *u, const struct address *a)
{
	struct sockaddr_storage sa;
	socklen_t len = address_to_sockaddr(a, u->proxy ? proxy_port(u->proxy) : u->port, &sa);
	int one = 1;

	wire_done(&u->wire);
	u->wire.last_words = true;
	u->wire.fd = socket(a->family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (u->wire.fd < 0)
		return -errno;
	if (setsockopt(u->wire.fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one)) < 0)
		return -errno;
	wire_keep_alive(&u->wire);
	if (connect(u->wire.fd, (struct sockaddr *)&sa, len) < 0 && errno != EINPROGRESS)
		return -errno;
	return loop_add(
		u->service->loop, u->wire.fd, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, &u->watch);
}

/* The time that is left, shared among the addresses that are left; the last one gets the rest. */
static int64_t attempt_deadline(const struct upstream *u)
{
	int64_t now = loop_now_ms(u->service->loop), left = u->dial_end_ms - now;
	int64_t share = left / (int64_t)(u->n - u->next + 1);

	return now + (u->next < u->n && share > ATTEMPT_MS ? ATTEMPT_MS : share);
}

/* Tries the next address; the last one's failure is the failure. */
void upstream_dial_next(struct upstream *u, int last_error)
{
	while (u->next < u->n && loop_now_ms(u->service->loop) < u->dial_end_ms) {
		int64_t deadline = attempt_deadline(u);
		int r = dial_one(u, &u->list[u->next++]);

		if (r == 0) {
			u->state = UPSTREAM_CONNECT;
			u->deadline_ms = deadline;
			return;
		}
		last_error = -r;
	}
	upstream_fail_errno(u, last_error);
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
	upstream_dial_next(u, EHOSTUNREACH);
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

/* Who was tried in vain comes last the next time. */
static void note_family(struct upstream *u)
{
	if (u->next > 1)
		u->service->family = u->list[u->next - 1].family;
}

int upstream_dialled(struct upstream *u)
{
	int error = 0;
	socklen_t len = sizeof(error);

	if (!u->wire.writable && !u->wire.hup)
		return 0;
	if (getsockopt(u->wire.fd, SOL_SOCKET, SO_ERROR, &error, &len) < 0)
		error = errno;
	if (error != 0)
		return -error;
	note_family(u);
	return 1;
}
