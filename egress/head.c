#include <errno.h>
#include <string.h>

#include "egress/conn.h"
#include "egress/journal.h"
#include "egress/request.h"

#define HEAD_IDLE_MS	60000
#define HEAD_MS		30000 /* from its first byte to its last */
#define TUNNEL_SNIFF_MS 15000
#define STREAM_MS	60000

/* The stages between a request's first byte and its going upstream. */

static int status_of_parse(int r)
{
	if (r == -E2BIG)
		return 431;
	return r == -ENOTSUP ? 505 : r == -ENOMEM ? 503 : 400;
}

static void refuse_unreadable(struct conn *c, int r, const char *what)
{
	struct refusal why = {.host = ""};

	memcpy(why.host, c->sni[0] ? c->sni : c->tunnel, HOST_MAX);
	refusal_set(&why, status_of_parse(r), "bad_request", "HTTP/1.1, read strictly", "%s", what);
	conn_refuse(c, &why);
}

static void begin_tunnel(struct conn *c)
{
	struct exchange *x = c->x;
	struct refusal why = {.host = ""};

	memcpy(why.host, x->host, HOST_MAX);
	if (strcmp(x->host, HOST_POLICY) != 0 && !rules_find(c->service->rules, x->host, x->port)) {
		refusal_set(&why, 403, "host_not_allowed", "default: deny",
			"no route of this bottle allows %s port %u", x->host, x->port);
		conn_refuse(c, &why);
		return;
	}
	if (x->length.framing != HTTP1_NO_BODY) {
		refusal_set(&why, 400, "bad_request", "HTTP/1.1, read strictly",
			"a CONNECT with a body");
		conn_refuse(c, &why);
		return;
	}
	memcpy(c->tunnel, x->host, HOST_MAX);
	c->port = x->port;
	c->way = CONN_TUNNEL;
	c->stage = CONN_SNIFF;
	exchange_free(x);
	c->x = NULL;
	conn_set_deadline(c, TUNNEL_SNIFF_MS);
	if (buf_adds(&c->client.out, "HTTP/1.1 200 Connection established\r\n\r\n") < 0)
		conn_end(c);
}

void conn_forward(struct conn *c)
{
	struct exchange *x = c->x;
	struct upstream_to to = conn_upstream_to(c);

	journal_request(c->service, x->host, x->target.text, &x->request);
	x->fresh = !upstream_fits(&c->up, &to);
	if (x->fresh)
		upstream_open(&c->up, &to);
	c->stage = CONN_WAIT;
	/* The upstream has time limits of its own for each step. */
	c->deadline_ms = INT64_MAX;
}

static void act(struct conn *c)
{
	struct refusal why = {.host = ""};

	switch (request_decide(c, c->x, &why)) {
	case REQUEST_FORWARD:
		conn_read(c);
		break;
	case REQUEST_CONNECT:
		begin_tunnel(c);
		break;
	case REQUEST_POLICY:
		conn_answer_policy(c);
		break;
	case REQUEST_GATE:
		conn_answer_gate(c);
		break;
	case REQUEST_REFUSED:
		conn_refuse(c, &why);
		break;
	}
}

/* 0: not all there; else its length, or -errno. */
static long await_head(struct conn *c, const char **what)
{
	struct buf *in = &c->client.in;
	long n = in->len ? http1_head_length(buf_data(in), in->len, &c->scanned, what) : 0;

	if (n != 0)
		return n;
	if (c->client.eof && c->client.out.len == 0)
		conn_end(c);
	else if (in->len > 0 && !c->head_begun) {
		/* From here on its clock runs, however slowly it comes. */
		conn_set_deadline(c, HEAD_MS);
		c->head_begun = true;
	}
	return 0;
}

bool conn_step_head(struct conn *c)
{
	const char *what = "";
	long n;
	int r;

	/* Pipelined requests wait until the answers before them are on their way. */
	if (c->client.out.len >= WIRE_OUT_MAX)
		return false;
	n = await_head(c, &what);
	if (n == 0)
		return false;
	c->scanned = 0;
	c->head_begun = false;
	c->x = exchange_new();
	if (!c->x) {
		conn_end(c);
		return false;
	}
	if (n < 0) {
		refuse_unreadable(c, (int)n, what);
		return true;
	}
	r = http1_parse_request(buf_data(&c->client.in), (size_t)n, &c->x->request, &what);
	buf_consume(&c->client.in, (size_t)n);
	if (r < 0)
		refuse_unreadable(c, r, what);
	else
		act(c);
	return true;
}

bool conn_step_wait(struct conn *c)
{
	struct exchange *x = c->x;
	struct refusal why;

	if (c->up.state == UPSTREAM_FAILED) {
		why = c->up.why;
		memcpy(why.host, x->host, HOST_MAX);
		conn_refuse(c, &why);
		return true;
	}
	if (c->up.state != UPSTREAM_READY)
		return upstream_step(&c->up);
	if (request_write_head(x, &c->up.wire.out) < 0) {
		conn_end(c);
		return false;
	}
	/* We have decided: the body may come. The upstream is not asked. */
	if (x->expects_continue && c->client.in.len == 0 &&
		buf_adds(&c->client.out, "HTTP/1.1 100 Continue\r\n\r\n") < 0)
		c->client.dead = true;
	c->stage = CONN_STREAM;
	conn_set_deadline(c, STREAM_MS);
	/* What is here of the body goes with the head, in one packet. */
	conn_step_stream(c);
	return true;
}

void conn_finish_exchange(struct conn *c)
{
	struct exchange *x = c->x;
	bool keeps = http1_body_is_done(&x->up) && x->client_keeps;

	if (!x->all_sent || !x->upstream_keeps)
		upstream_close(&c->up);
	else
		c->up.used = true;
	exchange_free(x);
	c->x = NULL;
	c->scanned = 0;
	c->head_begun = false;
	if (!keeps) {
		conn_drain(c);
		return;
	}
	c->stage = CONN_HEAD;
	conn_set_deadline(c, HEAD_IDLE_MS);
	buf_shrink(&c->client.in);
	buf_shrink(&c->up.wire.in);
}
