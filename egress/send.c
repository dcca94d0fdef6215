#include <errno.h>
#include <string.h>

#include "egress/conn.h"

/*
 * A request's body on its way up. Where its route looks for nothing it passes as it comes. Else it
 * was read as a whole and is held until the response begins, so that it can be sent again; or it is
 * too long for that and passes behind its reading.
 */

/* A piece of a stream that may wait beside what reading it holds back. */
#define AHEAD_MAX (64U << 10)

static void refuse_framing(struct conn *c)
{
	struct refusal why = {.host = ""};

	memcpy(why.host, c->x->host, HOST_MAX);
	refusal_set(&why, 400, "bad_request", "HTTP/1.1, read strictly",
		"the request's body is not framed as announced");
	conn_refuse(c, &why);
}

static void refuse_memory(struct conn *c)
{
	struct refusal why = {.host = ""};

	memcpy(why.host, c->x->host, HOST_MAX);
	refusal_set(&why, 503, "busy", "bounds of memory",
		"too many bodies wait to be read at the same time");
	conn_refuse(c, &why);
}

/* What was sent of it must not look like all of it: the upstream sees a reset. */
static void cut(struct conn *c, const struct refusal *why)
{
	wire_reset(&c->up.wire);
	upstream_close(&c->up);
	conn_refuse(c, why);
}

static bool put(struct conn *c, const struct http1_piece *piece)
{
	struct exchange *x = c->x;

	if (http1_body_put(x->length.framing, &c->up.wire.out, piece) < 0)
		c->client.dead = true;
	x->sent += piece->len;
	return piece->len > 0;
}

static bool put_end(struct conn *c)
{
	struct exchange *x = c->x;

	if (x->all_sent)
		return false;
	if (http1_body_put_end(x->length.framing, &c->up.wire.out) < 0)
		c->client.dead = true;
	x->all_sent = true;
	return true;
}

/* ---- as it comes */

static bool pass(struct conn *c)
{
	struct exchange *x = c->x;
	struct buf *in = &c->client.in, *out = &c->up.wire.out;
	bool moved = false;

	while (!http1_body_is_done(&x->up) && in->len > 0 && out->len < WIRE_OUT_MAX) {
		struct http1_piece piece;
		long n = http1_body_take(&x->up, buf_data(in), in->len, &piece);

		if (n < 0) {
			refuse_framing(c);
			return false;
		}
		put(c, &piece);
		buf_consume(in, (size_t)n);
		x->moved_body = moved = true;
	}
	return moved;
}

/* ---- behind its reading */

/* As much of the front as may go on. */
static bool send_decided(struct conn *c)
{
	struct exchange *x = c->x;
	struct buf *out = &c->up.wire.out;
	uint64_t ready = outbound_decided(&x->outbound) - x->sent;
	struct http1_piece piece = {.data = buf_data(&x->held.buf), .len = WIRE_OUT_MAX};

	if (out->len >= WIRE_OUT_MAX || ready == 0)
		return false;
	if (ready < piece.len)
		piece.len = (size_t)ready;
	put(c, &piece);
	held_consume(&x->held, piece.len);
	return true;
}

/* Reads one more piece. Whether there was one; the connection may have ended. */
static bool read_more(struct conn *c)
{
	struct exchange *x = c->x;
	struct buf *in = &c->client.in;
	struct http1_piece piece;
	struct refusal why = {.host = ""};
	long n;

	if (http1_body_is_done(&x->up) || in->len == 0 || x->held.buf.len >= SCAN_HOLD + AHEAD_MAX)
		return false;
	n = http1_body_take(&x->up, buf_data(in), in->len, &piece);
	if (n < 0) {
		refuse_framing(c);
		return false;
	}
	if (outbound_more(&x->outbound, piece.data, piece.len, http1_body_is_done(&x->up), &why) <
		0) {
		cut(c, &why);
		return false;
	}
	if (held_add(&x->held, &c->service->held, piece.data, piece.len) < 0) {
		refuse_memory(c);
		return false;
	}
	buf_consume(in, (size_t)n);
	return n > 0;
}

static bool stream(struct conn *c)
{
	struct exchange *x = c->x;
	bool moved = false, more = true;

	x->moved_body = true;
	while (more && !c->client.dead) {
		more = send_decided(c);
		more |= read_more(c);
		if (c->stage != CONN_STREAM)
			return true;
		moved |= more;
	}
	if (http1_body_is_done(&x->up) && x->held.buf.len == 0)
		moved |= put_end(c);
	return moved;
}

/* ---- held whole */

static bool send_held(struct conn *c)
{
	struct exchange *x = c->x;
	const struct buf *b = &x->held.buf;
	struct buf *out = &c->up.wire.out;
	bool moved = false;

	while (x->sent < b->len && out->len < WIRE_OUT_MAX) {
		struct http1_piece piece = {.data = buf_data(b) + x->sent, .len = WIRE_OUT_MAX};

		if (b->len - x->sent < piece.len)
			piece.len = b->len - (size_t)x->sent;
		moved |= put(c, &piece);
	}
	return moved;
}

bool conn_send_body(struct conn *c)
{
	struct exchange *x = c->x;
	bool moved;

	if (x->all_sent)
		return false;
	if (x->streams)
		moved = stream(c);
	else
		moved = x->held.buf.len > 0 ? send_held(c) : pass(c);
	if (c->stage != CONN_STREAM)
		return moved;
	if (!x->streams && http1_body_is_done(&x->up) && x->sent >= x->held.buf.len)
		moved |= put_end(c);
	if (!http1_body_is_done(&x->up) && c->client.eof && c->client.in.len == 0)
		c->client.dead = true; /* the rest will never come */
	return moved;
}

/* ---- collected, before anything is sent */

/* Reads what was collected: refused, or on its way. */
static void judge(struct conn *c)
{
	struct exchange *x = c->x;
	struct refusal why = {.host = ""};

	if (outbound_read(&x->outbound, c, !x->streams, &why) < 0)
		conn_refuse(c, &why);
	else
		conn_forward(c);
}

void conn_read(struct conn *c)
{
	struct exchange *x = c->x;

	http1_body_start(&x->up, &x->length, true);
	if (!outbound_wanted(c)) {
		conn_forward(c);
		return;
	}
	if (http1_body_is_done(&x->up)) {
		judge(c);
		return;
	}
	c->stage = CONN_HOLD;
	conn_set_deadline(c, CONN_MOVING_MS);
	/* The body may come: where it goes was allowed. The upstream is not asked. */
	if (x->expects_continue && c->client.in.len == 0 &&
		buf_adds(&c->client.out, "HTTP/1.1 100 Continue\r\n\r\n") < 0)
		c->client.dead = true;
	x->expects_continue = false;
}

/* One piece more. Whether there was one. */
static bool collect(struct conn *c)
{
	struct exchange *x = c->x;
	struct buf *in = &c->client.in;
	/* One byte more than may be held shows that there is more. */
	size_t room = HELD_BODY_MAX + 1 - x->held.buf.len;
	struct http1_piece piece;
	long n;
	int r;

	if (http1_body_is_done(&x->up) || in->len == 0 || room == 0)
		return false;
	n = http1_body_take(&x->up, buf_data(in), in->len < room ? in->len : room, &piece);
	if (n < 0) {
		refuse_framing(c);
		return false;
	}
	r = held_add(&x->held, &c->service->held, piece.data, piece.len);
	if (r < 0) {
		refuse_memory(c);
		return false;
	}
	buf_consume(in, (size_t)n);
	return n > 0;
}

bool conn_step_hold(struct conn *c)
{
	struct exchange *x = c->x;
	bool moved = false;

	while (collect(c))
		moved = true;
	if (c->stage != CONN_HOLD)
		return true;
	x->streams = x->held.buf.len > HELD_BODY_MAX;
	if (http1_body_is_done(&x->up) || x->streams) {
		judge(c);
		return true;
	}
	if (c->client.eof)
		conn_end(c); /* the rest will never come */
	else if (moved)
		conn_set_deadline(c, CONN_MOVING_MS);
	return moved;
}
