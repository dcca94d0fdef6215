#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include "egress/conn.h"
#include "egress/journal.h"
#include "egress/socks.h"

/* SOCKS5 on the proxy's port: the third way to ask for a tunnel, under CONNECT's rules. */

static void refuse(struct conn *c, const struct refusal *why, const void *answer, size_t len)
{
	journal_refusal(c->service, why);
	if (buf_add(&c->client.out, answer, len) < 0)
		c->client.dead = true;
	conn_drain(c);
}

static void refuse_protocol(struct conn *c, const char *what, const void *answer, size_t len)
{
	struct refusal why = {.host = ""};

	refusal_set(&why, 403, "socks", "SOCKS5, without authentication, by name", "%s", what);
	refuse(c, &why, answer, len);
}

static void refuse_request(struct conn *c, const struct refusal *why, enum socks_reply reply)
{
	unsigned char answer[SOCKS_REPLY_LEN];

	socks_write_reply(reply, answer);
	refuse(c, why, answer, sizeof(answer));
}

static bool is_allowed(const struct conn *c, const char *host, uint16_t port)
{
	const struct rules *r = c->service->rules;

	return strcmp(host, HOST_POLICY) == 0 || rules_find(r, host, port) ||
	       rules_find_tcp(r, host, port);
}

/* The host that was asked for; an address of the pool is the name that it stands for. */
static const char *host_of(struct conn *c, const struct socks_request *q)
{
	return q->host[0] ? q->host : service_name_of(c->service, q->address);
}

static void decide(struct conn *c, const struct socks_request *q)
{
	struct refusal why = {.host = ""};
	const char *host = host_of(c, q);

	if (!host) {
		refusal_set(&why, 403, "host_not_allowed", "default: deny",
			"SOCKS to %s, an address that stands for no name (socks5h:// sends names)",
			inet_ntoa(q->address));
		refuse_request(c, &why, SOCKS_NOT_ALLOWED);
		return;
	}
	if (is_allowed(c, host, q->port)) {
		conn_begin_tunnel(c, host, q->port, CONN_ASKED_SOCKS);
		return;
	}
	memcpy(why.host, host, strlen(host) + 1);
	refusal_set(&why, 403, "host_not_allowed", "default: deny",
		"no route of this bottle allows %s port %u", host, q->port);
	refuse_request(c, &why, SOCKS_NOT_ALLOWED);
}

static bool step_request(struct conn *c)
{
	struct refusal why = {.host = ""};
	struct socks_request q;
	enum socks_reply reply;
	const char *what;
	long n = socks_take_request(buf_data(&c->client.in), c->client.in.len, &q, &reply, &what);

	if (n == 0)
		return false;
	if (n < 0) {
		refusal_set(
			&why, 403, "socks", "SOCKS5, without authentication, by name", "%s", what);
		refuse_request(c, &why, reply);
		return true;
	}
	buf_consume(&c->client.in, (size_t)n);
	decide(c, &q);
	return true;
}

static bool step_greeting(struct conn *c)
{
	struct buf *in = &c->client.in;
	long n = in->len > 0 ? socks_take_greeting(buf_data(in), in->len) : 0;

	if (n == 0)
		return false;
	if (n == -ENOTSUP) {
		refuse_protocol(c, "a SOCKS client that insists on authentication: there is none",
			socks_no_method, sizeof(socks_no_method));
		return true;
	}
	if (n < 0) {
		refuse_protocol(c, "SOCKS4: use SOCKS5 (socks5h://)", socks4_rejected,
			sizeof(socks4_rejected));
		return true;
	}
	buf_consume(in, (size_t)n);
	c->socks_greeted = true;
	if (buf_add(&c->client.out, socks_no_authentication, sizeof(socks_no_authentication)) < 0)
		c->client.dead = true;
	return true;
}

bool conn_step_socks(struct conn *c)
{
	bool moved = c->socks_greeted ? step_request(c) : step_greeting(c);

	if (!moved && c->client.eof && c->stage == CONN_SOCKS)
		conn_end(c);
	return moved;
}
