#include "egress/upstream.h"

#include <errno.h>
#include <string.h>

#include <openssl/x509v3.h>

#include "egress/h2.h"
#include "egress/metrics.h"
#include "egress/upstream_parts.h"

/*
 * Theory of operation. Where the network has a proxy (egress/proxy.h), it is the proxy that is
 * resolved and dialled, and what follows for the upstream takes place in the tunnel that it makes.
 *
 *	RESOLVE → CONNECT → (PROXY_HANDSHAKE →) (PROXY →) (HANDSHAKE →) READY
 *	any → FAILED
 */

static void on_ready(struct loop_watch *w, uint32_t events)
{
	struct upstream *u = (struct upstream *)((char *)w - offsetof(struct upstream, watch));

	if (u->wire.fd < 0)
		return;
	wire_note(&u->wire, events);
	u->wake(u->arg);
}

/* One of those that are on their way; which, the step will see. */
static void on_dialled(struct loop_watch *w, uint32_t events)
{
	struct upstream *u = (struct upstream *)((char *)w - offsetof(struct upstream, dial_watch));

	(void)events;
	if (u->state == UPSTREAM_CONNECT)
		u->wake(u->arg);
}

void upstream_init(struct upstream *u, struct service *s, void (*wake)(void *arg), void *arg)
{
	*u = (struct upstream){.watch.ready = on_ready,
		.dial_watch.ready = on_dialled,
		.wake = wake,
		.arg = arg,
		.service = s};
	for (size_t i = 0; i < RESOLVER_ADDRESSES_MAX; i++)
		u->dialled[i] = -1;
	wire_init(&u->wire);
}

void upstream_close(struct upstream *u)
{
	if (u->lookup)
		resolver_cancel(u->service->resolver, u->lookup);
	u->lookup = NULL;
	upstream_end_http2(u);
	upstream_dial_end(u);
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
		upstream_fail(u);
		return;
	}
	u->counted = true;
	if (u->proxy && proxy_check_name(rule_route(u->rule), u->host, &u->why) < 0)
		upstream_fail(u);
	else
		upstream_resolve(u);
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
	upstream_fail(u);
}

static void become_ready(struct upstream *u, bool http2)
{
	struct err e;

	u->http2 = http2;
	u->state = UPSTREAM_READY;
	if (!http2 || h2_new(H2_CLIENT, &u->wire, &u->h2, &e) == 0)
		return;
	refusal_set(&u->why, 503, "busy", "bounds of memory", "%s", e.msg);
	upstream_fail(u);
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
		upstream_set_deadline(u, LIMIT_UPSTREAM_HANDSHAKE_MS);
		u->state = UPSTREAM_HANDSHAKE;
		return;
	}
	fail_tls(u, &e);
}

/* ---- the network's proxy */

static void ask_proxy(struct upstream *u)
{
	if (proxy_ask(u->proxy, u->host, u->port, &u->wire.out) < 0) {
		upstream_fail_errno(u, ENOMEM);
		return;
	}
	upstream_set_deadline(u, LIMIT_PROXY_MS);
	u->state = UPSTREAM_PROXY;
}

static void fail_proxy(struct upstream *u, const char *what)
{
	refusal_set(&u->why, 502, "upstream_proxy", "egress.upstream_proxy",
		"the network's proxy %s: %s", proxy_name(u->proxy), what);
	upstream_fail(u);
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
	upstream_set_deadline(u, LIMIT_UPSTREAM_HANDSHAKE_MS);
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
		upstream_fail(u);
	else if (u->wire.dead || u->wire.eof)
		fail_proxy(u, "it closed the connection without an answer");
	else
		return moved;
	return true;
}

/* ---- steps */

static bool step_connect(struct upstream *u)
{
	if (!upstream_dialled(u))
		return u->state != UPSTREAM_CONNECT;
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
	if (u->h2)
		h2_tick(u->h2, loop_now_ms(u->service->loop));
	if (u->state < UPSTREAM_CONNECT || u->state >= UPSTREAM_READY)
		return;
	if (loop_now_ms(u->service->loop) < u->deadline_ms)
		return;
	/* A step of CONNECT looks at the clock itself. */
	if (u->state != UPSTREAM_CONNECT)
		upstream_fail_errno(u, ETIMEDOUT);
	u->wake(u->arg);
}
