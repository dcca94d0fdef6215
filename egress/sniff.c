#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>

#include "egress/conn.h"
#include "egress/dns.h"
#include "egress/h2.h"
#include "egress/hello.h"
#include "egress/intercept.h"
#include "egress/journal.h"
#include "egress/socks.h"
#include "egress/tcp.h"

#define TLS_HANDSHAKE 22
#define LINE_MAX_LEN  (16U << 10)
#define PREFACE_LINE  16 /* of HTTP/2's preface: no request looks like that */

/* The stages in front of HTTP: what is this connection, and whom is it for? */

void conn_refuse_raw(struct conn *c, bool tls, const char *host, const char *reason)
{
	struct refusal why = {.host = ""};

	if (host)
		memcpy(why.host, host, strlen(host) + 1);
	refusal_set(&why, 403, "not_forwarded", "what leaves must be readable",
		"%s (to %s port %u)", reason, inet_ntoa(c->to), c->to_port);
	journal_refusal(c->service, &why);
	/* Best effort: what the socket does not take at once is not worth waiting for. */
	if (tls && buf_add(&c->client.out, intercept_alert, sizeof(intercept_alert)) == 0) {
		wire_write(&c->client);
		conn_drain(c);
		return;
	}
	wire_reset(&c->client);
	conn_end(c);
}

void conn_grant(struct conn *c, enum conn_asked asked)
{
	unsigned char reply[SOCKS_REPLY_LEN];
	int r = 0;

	socks_write_reply(SOCKS_GRANTED, reply);
	if (asked == CONN_ASKED_CONNECT)
		r = buf_adds(&c->client.out, "HTTP/1.1 200 Connection established\r\n\r\n");
	else if (asked == CONN_ASKED_SOCKS)
		r = buf_add(&c->client.out, reply, sizeof(reply));
	if (r < 0)
		c->client.dead = true;
}

void conn_begin_tunnel(struct conn *c, const char *host, uint16_t port, enum conn_asked asked)
{
	c->http1 = (struct conn_http1){0};
	if (tcp_begin(c, host, port, asked))
		return;
	memcpy(c->tunnel, host, strlen(host) + 1);
	c->port = port;
	c->way = CONN_TUNNEL;
	c->stage = CONN_SNIFF;
	conn_set_deadline(c, conn_limit(c, LIMIT_SNIFF_MS));
	conn_grant(c, asked);
}

/* What the hello says must agree with what was said before. NULL, or why not. */
static const char *hello_disagrees(struct conn *c, const struct hello *hello)
{
	if (!hello->host[0])
		return hello->ech ? "an encrypted ClientHello without a server name (SNI)"
				  : "TLS without a server name (SNI)";
	if (c->way == CONN_EXPLICIT)
		return "TLS to the proxy port itself: use CONNECT";
	if (c->way == CONN_TUNNEL && strcmp(c->tunnel, hello->host) != 0)
		return "the server name (SNI) is not the host of the CONNECT";
	if (c->way == CONN_TRANSPARENT && c->to.s_addr == c->service->sidecar.s_addr)
		return "no service listens on this port of the sidecar";
	if (c->way == CONN_TRANSPARENT && names_in_pool(c->to) &&
		!names_agree(c->service->names, c->to, hello->host))
		return "the server name (SNI) is not the name that this address stands for";
	return NULL;
}

static bool sniff_tls(struct conn *c)
{
	struct hello hello;
	const char *why;
	struct err e;
	SSL *ssl;
	int r = hello_parse(buf_data(&c->client.in), c->client.in.len, &hello, &why);

	if (r == 0)
		return false;
	if (r > 0)
		why = hello_disagrees(c, &hello);
	if (r < 0 || why) {
		conn_refuse_raw(c, true, hello.host, why);
		return true;
	}
	memcpy(c->sni, hello.host, sizeof(c->sni));
	if (intercept_session(c->service->intercept, c->service->ca, c->sni, &ssl, &e) < 0 ||
		wire_start_tls(&c->client, ssl, &e) < 0) {
		conn_refuse_raw(c, true, hello.host, e.msg);
		return true;
	}
	c->stage = CONN_HANDSHAKE;
	conn_set_deadline(c, conn_limit(c, LIMIT_HANDSHAKE_MS));
	return true;
}

/* Whether the first line is, or may become, "METHOD target HTTP/x". */
static bool may_be_http(const unsigned char *p, size_t len, bool *ret_sure)
{
	const unsigned char *nl = memchr(p, '\n', len);
	size_t line = nl ? (size_t)(nl - p) : len;
	size_t method = 0;

	*ret_sure = nl != NULL;
	while (method < line && ((p[method] >= 'A' && p[method] <= 'Z') || p[method] == '-' ||
					(p[method] >= 'a' && p[method] <= 'z')))
		method++;
	if (method == 0 || method > 32 || (method < line && p[method] != ' '))
		return false;
	if (nl)
		return memmem(p, line, " HTTP/", 6) != NULL;
	return len < LINE_MAX_LEN;
}

/* What is neither may pass by the name that was asked for alone: that is a tcp route's. */
static void refuse_unknown(struct conn *c)
{
	const char *name = c->tunnel[0] ? c->tunnel : service_name_of(c->service, c->to);

	conn_refuse_raw(c, false, name,
		"neither TLS nor HTTP/1; bytes that nobody reads need a tcp: route");
}

static void begin_http(struct conn *c, bool http2)
{
	conn_set_deadline(c, conn_limit(c, LIMIT_NEXT_REQUEST_MS));
	if (http2)
		conn_begin_http2(c);
	else
		c->stage = CONN_HTTP1;
}

bool conn_step_sniff(struct conn *c)
{
	const unsigned char *p = buf_data(&c->client.in);
	size_t len = c->client.in.len;
	bool sure;

	/* Behind CONNECT our answer goes out in plain before TLS begins. */
	if (c->client.out.len > 0)
		return false;
	if (c->client.eof && len == 0) {
		conn_end(c);
		return false;
	}
	if (len == 0)
		return false;
	if (p[0] == TLS_HANDSHAKE) {
		if (sniff_tls(c))
			return true;
	} else if (c->way == CONN_EXPLICIT && (p[0] == SOCKS4_VERSION || p[0] == SOCKS5_VERSION)) {
		c->stage = CONN_SOCKS;
		return true;
	} else if (!may_be_http(p, len, &sure)) {
		refuse_unknown(c);
		return true;
	} else if (sure) {
		begin_http(c, len >= PREFACE_LINE && memcmp(p, H2_PREFACE, PREFACE_LINE) == 0);
		return true;
	}
	if (c->client.eof)
		conn_end(c);
	return false;
}

/*
 * A client that leaves Nagle's algorithm on does not send its request until the end of its
 * handshake was acknowledged, and we have nothing to send that would carry the ACK: 40 ms, unless
 * asked for.
 */
static void acknowledge_now(struct conn *c)
{
	int one = 1;

	(void)setsockopt(c->client.fd, IPPROTO_TCP, TCP_QUICKACK, &one, sizeof(one));
}

bool conn_step_handshake(struct conn *c)
{
	struct err e;

	switch (wire_handshake(&c->client, &e)) {
	case WIRE_TLS_AGAIN:
		return false;
	case WIRE_TLS_FAILED:
		journal_warn(c->service,
			"the agent's TLS connection to %s failed: %s (does the program trust the "
			"bottle's CA?)",
			c->sni, e.msg);
		conn_end(c);
		return false;
	case WIRE_TLS_DONE:
		break;
	}
	acknowledge_now(c);
	begin_http(c, intercept_chose_http2(c->client.ssl));
	return true;
}

/* DNS over TCP: a length in front of each message (RFC 7766). */
bool conn_step_dns(struct conn *c)
{
	const unsigned char *p = buf_data(&c->client.in);
	unsigned char answer[2 + DNS_UDP_MAX];
	size_t len, n;

	if (c->client.in.len < 2 || c->client.in.len < 2 + (len = (size_t)p[0] << 8 | p[1])) {
		if (c->client.eof)
			conn_end(c);
		return false;
	}
	if (c->client.out.len > WIRE_OUT_MAX)
		return false;
	n = names_answer(
		c->service->names, rules_policy(c->service->rules), p + 2, len, answer + 2);
	answer[0] = (unsigned char)(n >> 8);
	answer[1] = (unsigned char)n;
	if (n == 0 || buf_add(&c->client.out, answer, n + 2) < 0) {
		conn_end(c);
		return false;
	}
	buf_consume(&c->client.in, 2 + len);
	conn_set_deadline(c, conn_limit(c, LIMIT_HANDSHAKE_MS));
	return true;
}
