#include "egress/upstream.h"
#include "egress/metrics.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <openssl/x509v3.h>

#include "base/fd.h"
#include "egress/h2.h"

/* What one address may take while there is another: half a second is a long way round the world. */
#define ATTEMPT_MS 2000

/*
 * Theory of operation. Where the network has a proxy (egress/proxy.h), it is the proxy that is
 * resolved and dialled, and what follows for the upstream takes place in the tunnel that it makes.
 *
 *	RESOLVE → CONNECT → (PROXY_HANDSHAKE →) (PROXY →) (HANDSHAKE →) READY
 *	any → FAILED
 */

static void fail(struct upstream *u)
{
	struct refusal why = u->why;

	metrics_upstream_failed(u->service->metrics, why.error);
	upstream_close(u);
	u->why = why;
	u->state = UPSTREAM_FAILED;
}

static void fail_errno(struct upstream *u, int errnum)
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
	fail(u);
}

static void set_deadline(struct upstream *u, enum limit which)
{
	u->deadline_ms = loop_now_ms(u->service->loop) + rule_limits(u->rule)->of[which];
}

static void on_ready(struct loop_watch *w, uint32_t events)
{
	struct upstream *u = (struct upstream *)((char *)w - offsetof(struct upstream, watch));

	if (u->wire.fd < 0)
		return;
	wire_note(&u->wire, events);
	u->wake(u->arg);
}

void upstream_init(struct upstream *u, struct service *s, void (*wake)(void *arg), void *arg)
{
	*u = (struct upstream){.watch.ready = on_ready, .wake = wake, .arg = arg, .service = s};
	wire_init(&u->wire);
}

void upstream_close(struct upstream *u)
{
	if (u->lookup)
		resolver_cancel(u->service->resolver, u->lookup);
	u->lookup = NULL;
	upstream_end_http2(u);
	wire_done(&u->wire);
	if (u->counted)
		rule_disconnect(u->rule);
	u->counted = false;
	rules_unref(u->rules);
	u->rules = NULL;
	u->rule = NULL;
	u->proxy = NULL;
	u->proxy_scanned = 0;
	u->n = u->next = 0;
	u->http2 = false;
	u->state = UPSTREAM_NONE;
}

bool upstream_fits(const struct upstream *u, const struct upstream_to *to)
{
	bool usable = u->state == UPSTREAM_READY
			      ? !u->wire.dead && !u->wire.eof && !u->wire.hup &&
					(u->http2 || u->wire.in.len == 0)
			      : u->state != UPSTREAM_NONE && u->state != UPSTREAM_FAILED;

	return usable && u->rules == to->rules && u->rule == to->rule && u->port == to->port &&
	       u->tls == to->tls && u->asks_http2 == to->http2 && strcmp(u->host, to->host) == 0;
}

/* ---- dial */

static int dial_one(struct upstream *u, const struct address *a)
{
	struct sockaddr_storage sa;
	socklen_t len = address_to_sockaddr(a, u->proxy ? proxy_port(u->proxy) : u->port, &sa);
	int one = 1;

	wire_done(&u->wire);
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
static void dial_next(struct upstream *u, int last_error)
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
	fail_errno(u, last_error);
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
		fail(u);
		return;
	}
	set_deadline(u, LIMIT_CONNECT_MS);
	u->dial_end_ms = u->deadline_ms;
	dial_next(u, EHOSTUNREACH);
}

static void resolved(void *arg, const struct address *list, size_t n, const char *why)
{
	struct upstream *u = arg;

	u->lookup = NULL;
	if (n == 0) {
		refusal_set(&u->why, 502, "upstream_name", "upstream",
			"the name %s was not resolved: %s",
			u->proxy ? proxy_name(u->proxy) : u->host, why);
		fail(u);
	} else {
		dial(u, list, n);
	}
	u->wake(u->arg);
}

static void resolve(struct upstream *u)
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
	fail(u);
}

void upstream_open(struct upstream *u, const struct upstream_to *to)
{
	upstream_close(u);
	memcpy(u->host, to->host, strlen(to->host) + 1);
	u->port = to->port;
	u->tls = to->tls;
	u->rules = rules_ref(to->rules);
	u->rule = to->rule;
	u->asks_http2 = to->http2;
	u->proxy = rules_proxy(u->rules, u->host);
	if (rule_connect(u->rule, &u->why) < 0) {
		fail(u);
		return;
	}
	u->counted = true;
	if (u->proxy && proxy_check_name(rule_route(u->rule), u->host, &u->why) < 0)
		fail(u);
	else
		resolve(u);
}

/* ---- TLS */

/* Called by OpenSSL when the server has sent a ticket: the connection was verified by then. */
static int keep_session(SSL *ssl, SSL_SESSION *session)
{
	struct upstream *u = SSL_get_app_data(ssl);

	if (SSL_get_verify_result(ssl) != X509_V_OK)
		return 0;
	sessions_keep(rule_sessions(u->rule), u->host, u->port, session);
	return 1;
}

/* RFC 7301. The agent's own protocol, and what we can make of it. 0: done. */
static int offer_protocols(SSL *ssl, bool http2)
{
	static const unsigned char both[] = "\x02h2\x08http/1.1", one[] = "\x08http/1.1";

	return http2 ? SSL_set_alpn_protos(ssl, both, sizeof(both) - 1)
		     : SSL_set_alpn_protos(ssl, one, sizeof(one) - 1);
}

static int start_tls(struct upstream *u, struct err *e)
{
	SSL_CTX *ctx = NULL;
	SSL_SESSION *session = sessions_find(rule_sessions(u->rule), u->host, u->port);
	SSL *ssl;
	int r = rule_tls(u->rule, u->service->trust, keep_session, &ctx, e);

	if (r < 0)
		return r;
	ssl = SSL_new(ctx);
	if (!ssl)
		return err_set(e, ENOMEM, "a TLS session");
	SSL_set_connect_state(ssl);
	SSL_set_app_data(ssl, u);
	/* Without a session, or when the server does not know it any more, a full handshake. */
	if (session)
		SSL_set_session(ssl, session);
	if (offer_protocols(ssl, u->asks_http2) != 0) {
		SSL_free(ssl);
		return err_set(e, ENOMEM, "a TLS session");
	}
	SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
	if (SSL_set1_host(ssl, u->host) != 1 || SSL_set_tlsext_host_name(ssl, u->host) != 1) {
		SSL_free(ssl);
		return err_set(e, ENOMEM, "a TLS session");
	}
	return wire_start_tls(&u->wire, ssl, e);
}

static void fail_tls(struct upstream *u, const struct err *e)
{
	refusal_set(
		&u->why, 502, "upstream_tls", "upstream certificate", "%s: %s", u->host, e->msg);
	fail(u);
}

static void become_ready(struct upstream *u, bool http2)
{
	struct err e;

	u->http2 = http2;
	u->state = UPSTREAM_READY;
	if (!http2 || h2_new(H2_CLIENT, &u->wire, &u->h2, &e) == 0)
		return;
	refusal_set(&u->why, 503, "busy", "bounds of memory", "%s", e.msg);
	fail(u);
}

/* The way to the upstream stands: directly, or by the proxy. */
static void connected(struct upstream *u)
{
	struct err e;

	u->deadline_ms = INT64_MAX;
	metrics_count(u->service->metrics, METRICS_UPSTREAM_CONNECTIONS);
	if (!u->tls) {
		/* Prior knowledge: the agent's (RFC 9113 section 3.3). */
		become_ready(u, u->asks_http2);
		return;
	}
	/* No server of TLS speaks first: what is here would be taken for a part of it. */
	if (u->wire.in.len > 0)
		err_say(&e, EPROTO, "something spoke before TLS began");
	else if (start_tls(u, &e) == 0) {
		set_deadline(u, LIMIT_UPSTREAM_HANDSHAKE_MS);
		u->state = UPSTREAM_HANDSHAKE;
		return;
	}
	fail_tls(u, &e);
}

/* ---- the network's proxy */

static void ask_proxy(struct upstream *u)
{
	if (proxy_ask(u->proxy, u->host, u->port, &u->wire.out) < 0) {
		fail_errno(u, ENOMEM);
		return;
	}
	set_deadline(u, LIMIT_PROXY_MS);
	u->state = UPSTREAM_PROXY;
}

static void fail_proxy(struct upstream *u, const char *what)
{
	refusal_set(&u->why, 502, "upstream_proxy", "egress.upstream_proxy",
		"the network's proxy %s: %s", proxy_name(u->proxy), what);
	fail(u);
}

static void greet_proxy(struct upstream *u)
{
	SSL *ssl = NULL;
	struct err e;

	if (!proxy_is_tls(u->proxy)) {
		ask_proxy(u);
		return;
	}
	if (proxy_session(u->proxy, u->service->trust, &ssl, &e) < 0 ||
		wire_start_tls(&u->wire, ssl, &e) < 0) {
		fail_proxy(u, e.msg);
		return;
	}
	set_deadline(u, LIMIT_UPSTREAM_HANDSHAKE_MS);
	u->state = UPSTREAM_PROXY_HANDSHAKE;
}

static bool step_proxy_handshake(struct upstream *u)
{
	struct err e;

	switch (wire_handshake(&u->wire, &e)) {
	case WIRE_TLS_AGAIN:
		return false;
	case WIRE_TLS_FAILED:
		fail_proxy(u, e.msg);
		return true;
	case WIRE_TLS_DONE:
		break;
	}
	ask_proxy(u);
	return true;
}

static bool step_proxy(struct upstream *u)
{
	bool moved = wire_write(&u->wire);
	int r;

	moved |= wire_read(&u->wire);
	r = proxy_take_answer(u->proxy, &u->wire.in, &u->proxy_scanned, &u->why);
	if (r > 0)
		connected(u);
	else if (r < 0)
		fail(u);
	else if (u->wire.dead || u->wire.eof)
		fail_proxy(u, "it closed the connection without an answer");
	else
		return moved;
	return true;
}

/* ---- steps */

/* Who was tried in vain comes last the next time. */
static void note_family(struct upstream *u)
{
	if (u->next > 1)
		u->service->family = u->list[u->next - 1].family;
}

static bool step_connect(struct upstream *u)
{
	int error = 0;
	socklen_t len = sizeof(error);

	if (!u->wire.writable && !u->wire.hup)
		return false;
	if (getsockopt(u->wire.fd, SOL_SOCKET, SO_ERROR, &error, &len) < 0)
		error = errno;
	if (error != 0) {
		dial_next(u, error);
		return true;
	}
	note_family(u);
	if (u->proxy)
		greet_proxy(u);
	else
		connected(u);
	return true;
}

static bool chose_http2(const SSL *ssl)
{
	const unsigned char *name;
	unsigned int len;

	SSL_get0_alpn_selected(ssl, &name, &len);
	return len == 2 && memcmp(name, "h2", 2) == 0;
}

static bool step_handshake(struct upstream *u)
{
	struct err e;

	switch (wire_handshake(&u->wire, &e)) {
	case WIRE_TLS_AGAIN:
		return false;
	case WIRE_TLS_FAILED:
		fail_tls(u, &e);
		return true;
	case WIRE_TLS_DONE:
		break;
	}
	u->deadline_ms = INT64_MAX;
	metrics_count(u->service->metrics, METRICS_UPSTREAM_HANDSHAKES);
	if (SSL_session_reused(u->wire.ssl))
		metrics_count(u->service->metrics, METRICS_UPSTREAM_RESUMED);
	become_ready(u, u->asks_http2 && chose_http2(u->wire.ssl));
	return true;
}

bool upstream_step(struct upstream *u)
{
	switch (u->state) {
	case UPSTREAM_CONNECT:
		return step_connect(u);
	case UPSTREAM_PROXY_HANDSHAKE:
		return step_proxy_handshake(u);
	case UPSTREAM_PROXY:
		return step_proxy(u);
	case UPSTREAM_HANDSHAKE:
		return step_handshake(u);
	case UPSTREAM_NONE:
	case UPSTREAM_RESOLVE:
	case UPSTREAM_READY:
	case UPSTREAM_FAILED:
		break;
	}
	return false;
}

void upstream_tick(struct upstream *u)
{
	if (u->state < UPSTREAM_CONNECT || u->state >= UPSTREAM_READY)
		return;
	if (loop_now_ms(u->service->loop) < u->deadline_ms)
		return;
	if (u->state == UPSTREAM_CONNECT)
		dial_next(u, ETIMEDOUT);
	else
		fail_errno(u, ETIMEDOUT);
	u->wake(u->arg);
}
