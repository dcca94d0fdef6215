#include <errno.h>
#include <string.h>
#include <strings.h>

#include "egress/conn.h"
#include "egress/journal.h"
#include "egress/request.h"

/*
 * The stage in which bytes pass. Both directions run at once, each bounded by the other side's
 * output queue: when that is full, its source is not read, and TCP tells the sender.
 */
#define THINKING_MS 600000 /* while only the upstream has anything to do */
#define INTERIM_MAX 8

static void set_stream_deadline(struct conn *c)
{
	bool sending = !http1_body_is_done(&c->x->up) && c->up.wire.out.len < WIRE_OUT_MAX;

	conn_set_deadline(c, sending || c->client.out.len > 0 ? CONN_MOVING_MS : THINKING_MS);
}

static void refuse_upstream(struct conn *c, const char *what)
{
	struct refusal why = {.host = ""};

	memcpy(why.host, c->x->host, HOST_MAX);
	refusal_set(&why, 502, "upstream_answer", "upstream", "%s: %s", c->x->host, what);
	conn_refuse(c, &why);
}

/* ---- down: the head */

static const char *reason_of(const struct http1_head *h)
{
	return h->reason && *h->reason ? h->reason : "-";
}

/* The framing towards the agent, who may be too old for chunks. */
static void choose_framing(struct exchange *x, const struct http1_length *length)
{
	x->down_framing = length->framing;
	if (length->framing == HTTP1_CHUNKED || length->framing == HTTP1_UNTIL_CLOSE)
		x->down_framing = x->request.minor > 0 ? HTTP1_CHUNKED : HTTP1_UNTIL_CLOSE;
	if (x->down_framing == HTTP1_UNTIL_CLOSE)
		x->client_keeps = false;
}

static int write_fields(struct conn *c, struct buf *out)
{
	struct exchange *x = c->x;
	int r = 0;

	for (size_t i = 0; i < x->response.n_fields; i++) {
		const struct http1_field *f = &x->response.fields[i];

		if (http1_is_hop(&x->response, f->name) ||
			strcasecmp(f->name, "Content-Length") == 0)
			continue;
		r |= buf_adds(out, f->name);
		r |= buf_add(out, ": ", 2);
		r |= buf_adds(out, f->value);
		r |= buf_add(out, "\r\n", 2);
	}
	return r;
}

static int write_response_head(struct conn *c, const struct http1_length *length)
{
	struct exchange *x = c->x;
	struct buf *out = &c->client.out;
	bool no_length = x->response.status < 200 || x->response.status == 204;
	int r = buf_addf(out, "HTTP/1.1 %d ", x->response.status);

	r |= buf_adds(out, reason_of(&x->response));
	r |= buf_add(out, "\r\n", 2);
	r |= write_fields(c, out);
	if (x->down_framing == HTTP1_CHUNKED)
		r |= buf_adds(out, "Transfer-Encoding: chunked\r\n");
	else if (length->announced && !no_length)
		r |= buf_addf(out, "Content-Length: %llu\r\n", (unsigned long long)length->length);
	if (!x->client_keeps)
		r |= buf_adds(out, "Connection: close\r\n");
	else if (x->request.minor == 0)
		r |= buf_adds(out, "Connection: keep-alive\r\n");
	return r | buf_add(out, "\r\n", 2);
}

/* 100 was answered by us already, others tell nothing an agent needs; 101 was never asked for. */
static bool skip_interim(struct conn *c)
{
	struct exchange *x = c->x;

	if (x->response.status == 101 || ++x->interim > INTERIM_MAX) {
		refuse_upstream(c, "an upgrade, or too many interim responses");
		return true;
	}
	http1_head_done(&x->response);
	return true;
}

/*
 * Where a credential was sent its echo must be seen, and in a coded body it is not: the upstream
 * was asked for none.
 */
static int start_redact(struct exchange *x, const struct http1_length *length, const char **what)
{
	const struct needles *needles = rule_needles(x->rules, x->rule);
	const char *coding = http1_field(&x->response, "Content-Encoding", NULL);

	if (!needles || length->framing == HTTP1_NO_BODY)
		return 0;
	if (coding && *coding && strcasecmp(coding, "identity") != 0) {
		*what = "its answer is compressed although that was not asked for, and could hold "
			"the route's credential unseen";
		return -EACCES;
	}
	redact_start(&x->redact, needles);
	return 0;
}

static void pass_head(struct conn *c, const struct http1_length *length)
{
	if (write_response_head(c, length) != 0)
		c->client.dead = true;
	c->x->have_response = true;
}

static bool take_response_head(struct conn *c)
{
	struct exchange *x = c->x;
	struct buf *in = &c->up.wire.in;
	struct http1_length length;
	const char *what = "";
	long n = in->len ? http1_head_length(buf_data(in), in->len, &x->scanned, &what) : 0;
	int r = n > 0 ? http1_parse_response(buf_data(in), (size_t)n, &x->response, &what) : (int)n;

	if (n == 0)
		return false;
	x->scanned = 0;
	if (r == 0 && x->response.status >= 200)
		r = http1_response_length(&x->response, x->request.method, &length, &what);
	if (r == 0 && x->response.status >= 200)
		r = start_redact(x, &length, &what);
	if (r < 0) {
		refuse_upstream(c, what);
		return true;
	}
	buf_consume(in, (size_t)n);
	if (x->response.status < 200)
		return skip_interim(c);
	/* A server that echoes the credential in its head does not get it to the agent. */
	rules_redact_head(x->rules, &x->response);
	journal_response(c->service, x->host, &x->response);
	x->upstream_keeps = http1_keeps_alive(&x->response) && length.framing != HTTP1_UNTIL_CLOSE;
	http1_body_start(&x->down, &length, false);
	choose_framing(x, &length);
	x->have_head = true;
	/* An answer before the end of the question: where the next one begins is not worth knowing.
	 */
	if (!http1_body_is_done(&x->up))
		x->client_keeps = false;
	if (x->all_sent)
		held_done(&x->held); /* it will not be sent again */
	if (!incoming_start(&x->incoming, c, &length))
		pass_head(c, &length);
	return true;
}

/* ---- down: the body */

/*
 * What arrived so far still goes out. Length or chunks show that it was not all; where the end of
 * the connection is the end of the answer, only a reset does.
 */
static void cut_short(struct conn *c, const char *what)
{
	if (!c->x->have_response) {
		refuse_upstream(c, what);
		return;
	}
	if (c->x->down_framing == HTTP1_UNTIL_CLOSE) {
		wire_reset(&c->client);
		conn_end(c);
		return;
	}
	exchange_free(c->x);
	c->x = NULL;
	conn_drain(c);
}

/* Something in it is not for the agent: an answer of ours where nothing was passed on, else a
 * reset, also of what waits to be sent. */
static void refuse_incoming(struct conn *c)
{
	const struct refusal why = c->x->incoming.why;

	upstream_close(&c->up);
	conn_refuse(c, &why);
}

/* What was read goes on, with its head. */
static void release(struct conn *c)
{
	struct exchange *x = c->x;
	struct incoming *i = &x->incoming;
	const struct http1_piece piece = {.data = buf_data(&i->held.buf), .len = i->held.buf.len};

	pass_head(c, &i->length);
	if (http1_body_put(x->down_framing, &c->client.out, &piece) < 0)
		c->client.dead = true;
	held_done(&i->held);
	i->holds = false;
}

static bool pass_piece(struct conn *c, const struct http1_piece *piece)
{
	struct exchange *x = c->x;

	if (incoming_take(&x->incoming, piece) < 0) {
		refuse_incoming(c);
		return false;
	}
	if (!x->incoming.holds && http1_body_put(x->down_framing, &c->client.out, piece) < 0)
		c->client.dead = true;
	return true;
}

/* What is in the queue has been read to its end before it is sent. */
static bool settle(struct conn *c)
{
	struct exchange *x = c->x;
	bool drained = c->up.wire.in.len == 0 && !c->up.wire.readable && !c->up.wire.tls_more;
	bool due = incoming_is_due(&x->incoming, drained);

	if (x->incoming.holds && !due)
		return false;
	if (incoming_flush(&x->incoming) < 0) {
		refuse_incoming(c);
		return true;
	}
	if (due)
		release(c);
	return due;
}

static bool pump_down(struct conn *c)
{
	struct exchange *x = c->x;
	struct buf *in = &c->up.wire.in, *out = &c->client.out;
	bool moved = false;

	while (!http1_body_is_done(&x->down) && in->len > 0 && out->len < WIRE_OUT_MAX) {
		struct http1_piece piece;
		long n = http1_body_take(&x->down, buf_data(in), in->len, &piece);

		if (n < 0 || redact_take(&x->redact, &piece, &piece) < 0) {
			/* What was passed on is not whole, and the agent must see that. */
			journal_warn(c->service, "%s: the response's body is broken", x->host);
			cut_short(c, "a body that is not framed as announced");
			return false;
		}
		if (!pass_piece(c, &piece))
			return false;
		buf_consume(in, (size_t)n);
		moved = true;
	}
	return settle(c) || moved;
}

static void end_response(struct conn *c)
{
	struct exchange *x = c->x;
	struct http1_piece rest;

	redact_end(&x->redact, &rest);
	if (!pass_piece(c, &rest))
		return;
	if (incoming_end(&x->incoming) < 0) {
		refuse_incoming(c);
		return;
	}
	if (x->incoming.holds)
		release(c);
	if (http1_body_put_end(x->down_framing, &c->client.out) < 0) {
		conn_end(c);
		return;
	}
	if (c->up.wire.in.len > 0) /* bytes behind the answer belong to nobody */
		x->upstream_keeps = false;
	conn_finish_exchange(c);
}

/* ---- the upstream closed */

/* A kept connection may be closed just as it is used again: nothing was done with the request. */
static bool retry(struct conn *c)
{
	struct exchange *x = c->x;
	struct upstream_to to = conn_upstream_to(c);

	if (x->fresh || x->moved_body || x->have_head || c->up.wire.in.len > 0)
		return false;
	x->fresh = true;
	x->sent = 0;
	x->all_sent = false;
	x->expects_continue = false;
	upstream_open(&c->up, &to);
	c->stage = CONN_WAIT;
	c->deadline_ms = INT64_MAX;
	return true;
}

static bool upstream_ended(struct conn *c)
{
	struct exchange *x = c->x;

	if (x->have_head) {
		if (c->up.wire.eof && !c->up.wire.dead && http1_body_at_eof(&x->down) == 0) {
			end_response(c);
			return true;
		}
		journal_warn(c->service, "%s closed the connection within its answer", x->host);
		cut_short(c, "the upstream closed the connection within its answer");
		return true;
	}
	if (!retry(c))
		refuse_upstream(c, "the upstream closed the connection without an answer");
	return true;
}

bool conn_step_stream(struct conn *c)
{
	struct exchange *x = c->x;
	bool moved = conn_send_body(c);

	if (c->stage != CONN_STREAM || c->client.dead)
		return true;
	if (!x->have_head)
		moved |= take_response_head(c);
	if (c->stage == CONN_STREAM && x->have_head)
		moved |= pump_down(c);
	if (c->stage != CONN_STREAM)
		return true;
	if (x->have_head && http1_body_is_done(&x->down)) {
		end_response(c);
		return true;
	}
	if (c->up.wire.dead || (c->up.wire.eof && c->up.wire.in.len == 0))
		return upstream_ended(c);
	if (moved)
		set_stream_deadline(c);
	return moved;
}
