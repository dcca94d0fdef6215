#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "egress/back.h"
#include "egress/conn.h"
#include "egress/exchange_parts.h"
#include "egress/front.h"
#include "egress/upstreams.h"
#include "egress/websocket.h"

/*
 * The response on its way down, each piece behind its reading. Both directions run at once, each
 * bounded by the room on its other side: when there is none, its source is not read, and its sender
 * is told so by TCP, or HTTP/2's windows.
 */
/* ---- the upstream ended */

/* Each reason is good for one more try. */
static bool may_retry(const struct exchange *x, enum again why)
{
	switch (why) {
	case AGAIN_CLOSED:
		return !x->fresh;
	case AGAIN_REFUSED:
		return !x->refused;
	case AGAIN_HTTP1:
		return !x->only_http1;
	case AGAIN_NEVER:
		break;
	}
	return false;
}

/*
 * A kept connection may be closed just as it is used again; an upstream of HTTP/2 may not take a
 * request, or not in HTTP/2. Nothing was done with it, and it goes out once more.
 */
static bool retry(struct exchange *x)
{
	enum again why = x->back->again(x);

	if (x->moved_body || x->have_head || !may_retry(x, why))
		return false;
	x->refused |= why == AGAIN_REFUSED;
	if (why == AGAIN_HTTP1)
		upstreams_want_http1(x);
	exchange_again(x);
	return true;
}

/* What arrived so far still goes out, and shows that it is not all. */
static void cut_short(struct exchange *x, const char *what)
{
	if (!x->have_response) {
		exchange_refuse_upstream(x, what);
		return;
	}
	x->cut = what;
	exchange_abandon(x);
	x->front->cut(x, false);
}

/* ---- the head */

/* 100 was answered by us already, others tell nothing an agent needs. */
static void skip_interim(struct exchange *x)
{
	if (++x->interim > exchange_limit(x, LIMIT_INTERIM))
		exchange_refuse_upstream(x, "too many interim responses");
	else
		http1_head_done(&x->response);
}

/* It is passed on as it was before it was coded. */
static int start_decode(struct exchange *x, const char **what)
{
	int64_t ratio = rule_limits(x->rule)->of[LIMIT_RATIO];
	int r = decode_new(&x->response, ratio, &x->decode);

	*what = r == -ENOTSUP ? "its answer has a coding that is not known, and could hold the "
				"route's credential unseen"
			      : "memory ran out";
	if (r == 0 && http1_field(&x->response, "Content-Range", NULL)) {
		*what = "its answer is a part of something coded, and could hold the route's "
			"credential unseen";
		r = -EBADMSG;
	}
	if (r < 0)
		return r;
	decode_strip(&x->response);
	x->response_length = (struct http1_length){.framing = HTTP1_CHUNKED};
	return 0;
}

/*
 * Where a credential was sent its echo must be seen, and in a coded body it is not. The upstream
 * was asked for none, but not all listen.
 */
static int start_redact(struct exchange *x, const char **what)
{
	const struct needles *needles = rule_needles(x->rules, x->rule);

	if (!needles || x->response_length.framing == HTTP1_NO_BODY)
		return 0;
	if (decode_wanted(&x->response) && start_decode(x, what) < 0)
		return -EACCES;
	redact_start(&x->redact, needles);
	return 0;
}

static void pass_head(struct exchange *x)
{
	x->front->head(x);
	x->have_response = true;
}

static void begin_response(struct exchange *x)
{
	const char *what;

	if (start_redact(x, &what) < 0) {
		exchange_refuse_upstream(x, what);
		return;
	}
	rule_learn_clock(x->rule, &x->response);
	/* QUIC does not leave the bottle: who is not told of it does not try. */
	http1_drop_field(&x->response, "Alt-Svc");
	/* A server that echoes the credential in its head does not get it to the agent. */
	rules_redact_head(x->rules, &x->response);
	x->have_head = true;
	x->first_byte_us = loop_now_us();
	if (x->all_sent)
		held_done(&x->held); /* it will not be sent again */
	if (!incoming_start(&x->incoming, x))
		pass_head(x);
}

/* What was agreed on is a WebSocket; all else that an upstream may want was never asked for. */
static void switch_protocols(struct exchange *x)
{
	const char *what = "";

	if (websocket_open(x, &what) < 0) {
		exchange_refuse_upstream(x, what);
		return;
	}
	rules_redact_head(x->rules, &x->response);
	x->have_head = true;
	x->first_byte_us = loop_now_us();
	pass_head(x);
}

static void refuse_gone(struct exchange *x)
{
	const char *why = x->up ? x->up->wire.tls_why : NULL;
	char what[200];

	snprintf(what, sizeof(what), "the upstream closed the connection without an answer%s%s",
		why ? ": " : "", why ? why : "");
	exchange_refuse_upstream(x, what);
}

static bool take_head(struct exchange *x)
{
	const char *what = "";

	switch (x->back->take_head(x, &what)) {
	case TAKE_DATA:
		if (x->response.status == 101)
			switch_protocols(x);
		else if (x->response.status < 200)
			skip_interim(x);
		else if (!exchange_renews(x))
			begin_response(x);
		return true;
	case TAKE_BROKEN:
		exchange_refuse_upstream(x, what);
		return true;
	case TAKE_END:
	case TAKE_GONE:
		if (!retry(x))
			refuse_gone(x);
		return true;
	case TAKE_NOTHING:
		break;
	}
	return false;
}

/* ---- the body */

/* Something in it is not for the agent: an answer of ours where nothing was passed on, else it is
 * cut, also what waits to be sent. */
static void refuse_incoming(struct exchange *x)
{
	const struct refusal why = x->incoming.why;

	exchange_refuse(x, &why);
}

static void give(struct exchange *x, const struct http1_piece *piece)
{
	if (piece->len > 0)
		x->front->data(x, piece);
	x->bytes_down += piece->len;
}

/* What was read goes on, with its head. */
static void release_held(struct exchange *x)
{
	struct incoming *i = &x->incoming;
	const struct http1_piece piece = {.data = buf_data(&i->held.buf), .len = i->held.buf.len};

	pass_head(x);
	give(x, &piece);
	held_done(&i->held);
	i->holds = false;
}

static bool pass_piece(struct exchange *x, const struct http1_piece *piece)
{
	if (incoming_take(&x->incoming, piece) < 0) {
		refuse_incoming(x);
		return false;
	}
	if (!x->incoming.holds)
		give(x, piece);
	return true;
}

/* What is in the queue has been read to its end before it is sent. */
static bool settle(struct exchange *x)
{
	bool due = incoming_is_due(&x->incoming, x->back->drained(x));

	if (x->incoming.holds && !due)
		return false;
	if (incoming_flush(&x->incoming) < 0) {
		refuse_incoming(x);
		return true;
	}
	if (due)
		release_held(x);
	return due;
}

/* Of the trailers those that are passed on: RFC 9110 section 6.5.1. */
static void choose_trailers(struct exchange *x)
{
	struct http1_head *t = &x->response_trailers;
	size_t n = 0;

	for (size_t i = 0; i < t->n_fields; i++)
		if (http1_may_trail(t->fields[i].name) &&
			!http1_is_hop(&x->response, t->fields[i].name))
			t->fields[n++] = t->fields[i];
	t->n_fields = n;
}

/* Who asks for a call may be answered by something else, a proxy's error for instance. */
static bool is_call(const struct exchange *x)
{
	return grpc_is(&x->request) && grpc_is(&x->response);
}

static void end_response(struct exchange *x)
{
	struct http1_piece rest;
	bool whole;

	if (is_call(x) && !grpc_frame_is_between(&x->frame)) {
		cut_short(x, "a call that ends within a message");
		return;
	}
	if (x->decode && decode_end(x->decode) < 0) {
		cut_short(x, "a coded body that ends in the middle");
		return;
	}
	redact_end(&x->redact, &rest);
	if (!pass_piece(x, &rest))
		return;
	choose_trailers(x);
	redact_trailers(&x->redact, &x->response_trailers);
	rules_redact_head(x->rules, &x->response_trailers);
	if (incoming_end(&x->incoming) < 0) {
		refuse_incoming(x);
		return;
	}
	if (x->incoming.holds)
		release_held(x);
	whole = x->all_sent;
	x->ends_as = METRICS_ALLOWED;
	exchange_release(x, whole);
	exchange_over(x);
	x->front->end(x);
}

/* What the agent has room for. While the response is held there always is. */
static size_t room(const struct exchange *x)
{
	return x->incoming.holds ? WIRE_OUT_MAX : x->front->room(x);
}

/* Bytes of a text that may hold a credential. Whether it goes on. */
static bool redact_text(struct exchange *x, const struct http1_piece *text)
{
	struct http1_piece piece;

	if (redact_take(&x->redact, text, &piece) == 0)
		return pass_piece(x, &piece);
	cut_short(x, "memory ran out");
	return false;
}

/*
 * All messages of a call are one text, so that a credential that is split over them is found; what
 * stands in front of each is none of it. A message is given when it is here: both peers may wait
 * until it has arrived.
 */
static bool redact_message(struct exchange *x, const struct http1_piece *part, bool text)
{
	struct http1_piece rest;

	if (!grpc_frame_is_valid(&x->frame)) {
		cut_short(x, "a call whose messages are not framed as such");
		return false;
	}
	if (text && x->redact.needles && grpc_frame_is_compressed(&x->frame)) {
		cut_short(x, "a compressed message of a call, which could hold the route's "
			     "credential unseen");
		return false;
	}
	if (!(text ? redact_text(x, part) : pass_piece(x, part)))
		return false;
	if (!grpc_frame_is_between(&x->frame))
		return true;
	redact_end(&x->redact, &rest);
	return pass_piece(x, &rest);
}

static void redact_piece(struct exchange *x, const struct http1_piece *piece)
{
	struct http1_piece part = *piece;
	size_t left = piece->len;
	bool goes_on = true, text;

	if (!is_call(x)) {
		(void)redact_text(x, piece);
		return;
	}
	for (; goes_on && left > 0; left -= part.len, part.data += part.len) {
		part.len = grpc_frame_next(&x->frame, part.data, left, &text);
		goes_on = redact_message(x, &part, text);
	}
}

/* A piece of what coded bytes that have come say. Whether there was one; it may be over. */
static bool take_decoded(struct exchange *x)
{
	struct http1_piece piece;
	int r = x->decode && room(x) > 0 ? decode_take(x->decode, &piece) : 0;

	if (r > 0)
		redact_piece(x, &piece);
	else if (r < 0)
		cut_short(x, "a body that is not coded as announced, or says too much");
	return r != 0;
}

/* One piece. Whether there was one; it may be over. */
static bool take_piece(struct exchange *x)
{
	struct http1_piece piece;
	size_t max = room(x);

	if (take_decoded(x))
		return true;
	switch (max > 0 ? x->back->take(x, max, &piece) : TAKE_NOTHING) {
	case TAKE_DATA:
		if (!x->decode)
			redact_piece(x, &piece);
		else if (decode_feed(x->decode, &piece) < 0)
			cut_short(x, "memory ran out");
		return true;
	case TAKE_END:
		x->down_ended = true;
		return true;
	case TAKE_BROKEN:
		cut_short(x, "its body is not framed as announced");
		return true;
	case TAKE_GONE:
		cut_short(x, "the upstream closed the connection within its answer");
		return true;
	case TAKE_NOTHING:
		break;
	}
	return false;
}

static bool pass_body(struct exchange *x)
{
	bool moved = false;

	while (!x->down_ended && x->stage == EXCHANGE_STREAM && take_piece(x))
		moved = true;
	if (x->stage != EXCHANGE_STREAM)
		return true;
	if (x->down_ended) {
		end_response(x);
		return true;
	}
	return settle(x) || moved;
}

bool exchange_step_down(struct exchange *x)
{
	bool moved = !x->have_head && take_head(x);

	if (websocket_is_open(x->websocket))
		return true;
	if (x->stage == EXCHANGE_STREAM && x->have_head)
		moved |= pass_body(x);
	if (moved && x->stage == EXCHANGE_STREAM)
		exchange_moved(x);
	return moved;
}
