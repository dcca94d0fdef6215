#include <errno.h>
#include <string.h>

#include "egress/back.h"
#include "egress/conn.h"
#include "egress/request.h"
#include "egress/upstreams.h"

/* An upstream that speaks HTTP/1: its connection is the exchange's for as long as that lasts. */

static int write_head(const struct exchange *x, const struct outgoing *o, struct buf *out)
{
	int r = buf_adds(out, o->method);

	r |= buf_add(out, " ", 1);
	r |= buf_adds(out, o->target);
	r |= buf_adds(out, " HTTP/1.1\r\nHost: ");
	r |= buf_adds(out, o->authority);
	r |= buf_add(out, "\r\n", 2);
	for (size_t i = 0; i < o->n_fields; i++) {
		r |= buf_adds(out, o->fields[i].name);
		r |= buf_add(out, ": ", 2);
		r |= buf_adds(out, o->fields[i].value);
		r |= buf_add(out, "\r\n", 2);
	}
	if (x->websocket)
		r |= buf_adds(out, "Connection: Upgrade\r\nUpgrade: websocket\r\n");
	if (o->length.framing == HTTP1_CHUNKED)
		r |= buf_adds(out, "Transfer-Encoding: chunked\r\n");
	else if (o->length.announced)
		r |= buf_addf(
			out, "Content-Length: %llu\r\n", (unsigned long long)o->length.length);
	return r | buf_add(out, "\r\n", 2);
}

static int send_head(struct exchange *x)
{
	const struct outgoing_request q = request_outgoing(x);
	struct upstream *u = x->up;
	struct outgoing o;
	struct refusal why;
	int r = outgoing_make(&q, &o, &why);

	u->scanned = 0;
	u->keeps = false;
	if (r == 0)
		r = write_head(x, &o, &u->wire.out);
	if (credential_gives(q.credential))
		wire_mark_secret(&u->wire);
	x->sent_length = o.length;
	outgoing_done(&o);
	return r == 0 ? 0 : -ENOMEM;
}

static size_t room(const struct exchange *x)
{
	size_t len = x->up->wire.out.len;

	return len < WIRE_OUT_MAX ? WIRE_OUT_MAX - len : 0;
}

static int send_data(struct exchange *x, const struct http1_piece *piece)
{
	return http1_body_put(x->sent_length.framing, &x->up->wire.out, piece);
}

static int send_end(struct exchange *x)
{
	struct buf *out = &x->up->wire.out;

	if (x->sent_length.framing == HTTP1_CHUNKED)
		return http1_body_put_trailers(out, &x->request_trailers);
	return http1_body_put_end(x->sent_length.framing, out);
}

static bool has_ended(const struct upstream *u)
{
	return u->wire.dead || (u->wire.eof && u->wire.in.len == 0);
}

static int parse_head(struct exchange *x, size_t len, const char **ret_what)
{
	int r = http1_parse_response(buf_data(&x->up->wire.in), len, &x->response, ret_what);

	if (r < 0 || x->response.status < 200)
		return r;
	return http1_response_length(
		&x->response, x->request.method, &x->response_length, ret_what);
}

static enum take take_head(struct exchange *x, const char **ret_what)
{
	struct upstream *u = x->up;
	struct buf *in = &u->wire.in;
	long n = in->len ? http1_head_length(buf_data(in), in->len, &u->scanned, ret_what) : 0;

	if (n == 0)
		return u->wire.dead || u->wire.eof ? TAKE_GONE : TAKE_NOTHING;
	u->scanned = 0;
	if (n < 0 || parse_head(x, (size_t)n, ret_what) < 0)
		return TAKE_BROKEN;
	buf_consume(in, (size_t)n);
	if (x->response.status == 101) {
		/* What follows is no message of HTTP, and nobody's but this exchange's. */
		x->response_length = (struct http1_length){.framing = HTTP1_UNTIL_CLOSE};
		http1_body_start(&u->body, &x->response_length, false);
	}
	if (x->response.status >= 200) {
		u->keeps = http1_keeps_alive(&x->response) &&
			   x->response_length.framing != HTTP1_UNTIL_CLOSE;
		http1_body_start(&u->body, &x->response_length, false);
		u->body.trailers = &x->trailer_lines[1];
	}
	return TAKE_DATA;
}

static enum take take_trailers(struct exchange *x)
{
	const struct buf *lines = &x->trailer_lines[1];
	const char *what;

	if (lines->len == 0)
		return TAKE_END;
	return http1_parse_trailers(buf_data(lines), lines->len, &x->response_trailers, &what) == 0
		       ? TAKE_END
		       : TAKE_BROKEN;
}

static enum take at_end(struct upstream *u)
{
	if (!has_ended(u))
		return TAKE_NOTHING;
	return !u->wire.dead && http1_body_at_eof(&u->body) == 0 ? TAKE_END : TAKE_GONE;
}

static enum take take(struct exchange *x, size_t max, struct http1_piece *ret)
{
	struct upstream *u = x->up;
	struct buf *in = &u->wire.in;

	ret->len = 0;
	while (!http1_body_is_done(&u->body) && in->len > 0 && ret->len == 0) {
		long n =
			http1_body_take(&u->body, buf_data(in), in->len < max ? in->len : max, ret);

		if (n < 0)
			return TAKE_BROKEN;
		buf_consume(in, (size_t)n);
	}
	if (ret->len > 0)
		return TAKE_DATA;
	return http1_body_is_done(&u->body) ? take_trailers(x) : at_end(u);
}

static bool drained(const struct exchange *x)
{
	const struct wire *w = &x->up->wire;

	return w->in.len == 0 && !w->readable && !w->tls_more;
}

static enum again again(const struct exchange *x)
{
	return x->up->wire.in.len == 0 ? AGAIN_CLOSED : AGAIN_NEVER;
}

static void release(struct exchange *x, bool whole)
{
	struct upstream *u = x->up;
	/* Bytes behind the answer belong to nobody. */
	bool keep = whole && u->keeps && u->wire.in.len == 0;

	if (keep)
		buf_shrink(&u->wire.in);
	else if (!x->all_sent)
		wire_reset(&u->wire);
	upstreams_give(x, keep);
}

const struct back back_http1 = {
	.head = send_head,
	.room = room,
	.data = send_data,
	.end = send_end,
	.take_head = take_head,
	.take = take,
	.drained = drained,
	.again = again,
	.release = release,
};
