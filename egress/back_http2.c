#include <errno.h>
#include <string.h>

#include "egress/back.h"
#include "egress/conn.h"
#include "egress/h2.h"
#include "egress/outgoing.h"
#include "egress/request.h"
#include "egress/upstreams.h"

/* An upstream that speaks HTTP/2: its connection carries many exchanges, each in a stream. */

/* ---- the request */

static void make_list(const struct exchange *x, const struct outgoing *o, struct h2_list *l)
{
	h2_list_add(l, ":method", o->method, false);
	h2_list_add(l, ":scheme", x->tls ? "https" : "http", false);
	h2_list_add(l, ":authority", o->authority, false);
	h2_list_add(l, ":path", o->target, false);
	for (size_t i = 0; i < o->n_fields; i++)
		h2_list_add(l, o->fields[i].name, o->fields[i].value, o->secret[i]);
	if (o->length.announced)
		h2_list_add_length(l, o->length.length);
	/* The one thing that TE may say here; servers of gRPC insist on it. */
	if (http1_lists(&x->request, "TE", "trailers"))
		h2_list_add(l, "te", "trailers", false);
}

static int send_head(struct exchange *x)
{
	const struct outgoing_request q = request_outgoing(x);
	struct h2 *h = x->up->h2;
	struct h2_list l = {.n = 0};
	struct outgoing o = {.n_fields = 0};
	struct refusal why;
	int r = outgoing_make(&q, &o, &why);

	/* A connection that has ended by now, or said GOAWAY, is no lack of memory: the exchange
	 * sees that no answer comes. */
	if (r == 0 && h && h2_takes_request(h)) {
		make_list(x, &o, &l);
		x->back_stream = h2_request(h, &l, o.length.framing == HTTP1_NO_BODY);
		r = x->back_stream ? 0 : -ENOMEM;
	}
	x->sent_length = o.length;
	outgoing_done(&o);
	return r;
}

static size_t room(const struct exchange *x)
{
	return x->back_stream ? h2_room(x->back_stream) : 0;
}

static int send_data(struct exchange *x, const struct http1_piece *piece)
{
	return x->back_stream ? h2_put(x->back_stream, piece->data, piece->len) : 0;
}

static int send_end(struct exchange *x)
{
	return x->back_stream ? h2_end(x->back_stream, &x->request_trailers) : 0;
}

/* ---- the response */

/* How long its body is: HTTP/2 shows the end by itself, and so an announced length is checked. */
static int read_length(struct exchange *x, const char **ret_what)
{
	struct http1_length *length = &x->response_length;
	int r = http1_response_length(&x->response, x->request.method, length, ret_what);

	if (r < 0)
		return r;
	if (h2_ended_with_head(x->back_stream)) {
		*ret_what = "an answer without the body that it announces";
		r = length->framing == HTTP1_LENGTH ? -EINVAL : 0;
		length->framing = HTTP1_NO_BODY;
		return r;
	}
	if (length->framing == HTTP1_UNTIL_CLOSE)
		length->framing = HTTP1_CHUNKED;
	else
		h2_expect(x->back_stream, length->framing == HTTP1_LENGTH ? length->length : 0);
	return 0;
}

static enum take take_head(struct exchange *x, const char **ret_what)
{
	enum take got = x->back_stream ? h2_take_head(x->back_stream, ret_what) : TAKE_GONE;

	if (got != TAKE_DATA)
		return got;
	if (h2_head_response(h2_stream_head(x->back_stream), &x->response, ret_what) < 0 ||
		read_length(x, ret_what) < 0)
		return TAKE_BROKEN;
	return TAKE_DATA;
}

static enum take take(struct exchange *x, size_t max, struct http1_piece *ret)
{
	return h2_take(x->back_stream, max, ret, &x->response_trailers);
}

/* Where others share the connection, what it still holds may be theirs. */
static bool drained(const struct exchange *x)
{
	const struct wire *w = &x->up->wire;
	bool alone = x->up->h2 && h2_streams(x->up->h2) == 1;

	return h2_is_drained(x->back_stream) &&
	       (!alone || (w->in.len == 0 && !w->readable && !w->tls_more));
}

static enum again again(const struct exchange *x)
{
	/* The connection had ended when it was to be sent. */
	if (!x->back_stream)
		return AGAIN_CLOSED;
	if (h2_wants_http1(x->back_stream))
		return AGAIN_HTTP1;
	if (h2_is_refused(x->back_stream))
		return AGAIN_REFUSED;
	return h2_is_untouched(x->back_stream) ? AGAIN_CLOSED : AGAIN_NEVER;
}

static void release(struct exchange *x, bool whole)
{
	struct upstream *u = x->up;

	(void)whole;
	if (x->back_stream) {
		x->back_error = h2_error(x->back_stream);
		h2_release(x->back_stream);
	}
	x->back_stream = NULL;
	upstreams_give(x, u->h2 && h2_takes_request(u->h2));
}

const struct back back_http2 = {
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

/* ---- the connection */

bool upstream_move_http2(struct upstream *u)
{
	bool moved = u->h2 && h2_write(u->h2);

	moved |= wire_write(&u->wire);
	moved |= wire_read(&u->wire);
	if (!u->h2)
		return moved;
	moved |= h2_read(u->h2);
	if (!u->wire.dead && (!u->wire.eof || u->wire.in.len > 0) && !h2_is_over(u->h2))
		return moved;
	/* Exchanges learn of it from their streams, of which what has come can still be taken. */
	upstream_end_http2(u);
	return true;
}

void upstream_end_http2(struct upstream *u)
{
	h2_free(u->h2);
	u->h2 = NULL;
}

bool upstream_is_spent_http2(const struct upstream *u)
{
	return !u->h2 || h2_is_over(u->h2);
}
