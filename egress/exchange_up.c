#include <errno.h>
#include <string.h>

#include "egress/back.h"
#include "egress/conn.h"
#include "egress/exchange_parts.h"
#include "egress/front.h"
#include "egress/git_request.h"
#include "egress/request.h"
#include "egress/sigv4.h"

/*
 * A request's body on its way up. Where its route looks for nothing it passes as it comes. Else it
 * was read as a whole and is held until the response begins, so that it can be sent again; or it is
 * too long for that and passes behind its reading.
 */

/* A piece of a stream that may wait beside what reading it holds back. */
#define AHEAD_MAX (64U << 10)
#define PIECE_MAX (64U << 10)

static void refuse_framing(struct exchange *x)
{
	struct refusal why = {.host = ""};

	memcpy(why.host, x->host, HOST_MAX);
	refusal_set(&why, 400, "bad_request", "HTTP/1.1, read strictly",
		"the request's body is not framed as announced");
	exchange_refuse(x, &why);
}

static void refuse_memory(struct exchange *x)
{
	struct refusal why = {.host = ""};

	memcpy(why.host, x->host, HOST_MAX);
	refusal_set(&why, 503, "busy", "bounds of memory",
		"too many bodies wait to be read at the same time");
	exchange_refuse(x, &why);
}

/* Nothing behind the body says again what the head must not say. */
static void strip_trailers(struct exchange *x)
{
	const struct outgoing_request q = request_outgoing(x);
	struct http1_head *t = &x->request_trailers;
	size_t n = 0;

	for (size_t i = 0; i < t->n_fields; i++)
		if (outgoing_sends_trailer(&q, &t->fields[i]))
			t->fields[n++] = t->fields[i];
	t->n_fields = n;
}

/* One piece from the agent; true: there is one (it may be empty: the end). */
static bool take(struct exchange *x, size_t max, struct http1_piece *ret)
{
	struct refusal why = {.host = ""};

	*ret = (struct http1_piece){0};
	if (x->up_ended || max == 0)
		return false;
	switch (x->front->take(x, max, ret)) {
	case TAKE_DATA:
		if (aws_chunked_take(&x->aws_chunked, ret, ret) < 0) {
			refuse_framing(x);
			return false;
		}
		if (exchange_count_up(x, ret->len, &why) == 0)
			return true;
		exchange_refuse(x, &why);
		return false;
	case TAKE_END:
		x->up_ended = aws_chunked_end(&x->aws_chunked) == 0;
		if (!x->up_ended)
			refuse_framing(x);
		strip_trailers(x);
		return x->up_ended;
	case TAKE_BROKEN:
		refuse_framing(x);
		return false;
	case TAKE_GONE: /* the rest will never come */
		exchange_abandon(x);
		return false;
	case TAKE_NOTHING:
		break;
	}
	return false;
}

/* Of a body that was too long to be counted through before; what was sent of it is not whole. */
static void refuse_placeholders(struct exchange *x)
{
	struct refusal why = {.host = ""};

	memcpy(why.host, x->host, HOST_MAX);
	refusal_set(&why, 403, "placeholders", "auth: swap",
		"the placeholder stands in more than %d places of the request", SWAPS_MAX);
	exchange_refuse(x, &why);
}

static void put(struct exchange *x, const struct http1_piece *piece)
{
	struct http1_piece swapped;
	int r = swap_take(&x->swap, piece, &swapped);

	x->sent += piece->len;
	if (r == -E2BIG)
		refuse_placeholders(x);
	else if (r < 0 || (swapped.len > 0 && x->back->data(x, &swapped) < 0))
		x->conn->client.dead = true;
}

static bool put_end(struct exchange *x)
{
	struct http1_piece rest;

	if (x->all_sent)
		return false;
	swap_end(&x->swap, &rest);
	if ((rest.len > 0 && x->back->data(x, &rest) < 0) || x->back->end(x) < 0)
		x->conn->client.dead = true;
	x->all_sent = true;
	return true;
}

/* ---- as it comes */

static bool pass(struct exchange *x)
{
	struct http1_piece piece;
	bool moved = false;

	while (take(x, x->back->room(x), &piece)) {
		put(x, &piece);
		x->moved_body |= piece.len > 0;
		moved = true;
	}
	if (x->stage == EXCHANGE_STREAM && x->up_ended)
		moved |= put_end(x);
	return moved;
}

/* ---- behind its reading */

/* As much of the front as may go on. */
static bool send_decided(struct exchange *x)
{
	uint64_t ready = outbound_decided(&x->outbound) - x->sent;
	struct http1_piece piece = {.data = buf_data(&x->held.buf), .len = x->back->room(x)};

	if (piece.len > PIECE_MAX)
		piece.len = PIECE_MAX;
	if (ready < piece.len)
		piece.len = (size_t)ready;
	if (piece.len == 0)
		return false;
	x->moved_body = true;
	put(x, &piece);
	held_consume(&x->held, piece.len);
	return true;
}

/* Reads one more piece. Whether there was one; it may be over. */
static bool read_more(struct exchange *x)
{
	struct refusal why = {.host = ""};
	struct http1_piece piece;

	if (x->held.buf.len >= SCAN_HOLD + AHEAD_MAX || !take(x, PIECE_MAX, &piece))
		return false;
	if (outbound_more(&x->outbound, piece.data, piece.len, x->up_ended, &why) < 0) {
		exchange_refuse(x, &why);
		return false;
	}
	if (held_add(&x->held, &x->conn->service->held, piece.data, piece.len) < 0) {
		refuse_memory(x);
		return false;
	}
	return true;
}

/* All that has come is here, and more may not come before this has arrived. Whether there was
 * something to decide; it may be over. */
static bool flush(struct exchange *x)
{
	struct refusal why = {.host = ""};

	if (!x->pauses || x->up_ended || x->outbound.flushed == x->outbound.fed ||
		x->outbound.call.on || x->held.buf.len >= SCAN_HOLD + AHEAD_MAX)
		return false;
	if (outbound_flush(&x->outbound, &why) == 0)
		return true;
	exchange_refuse(x, &why);
	return false;
}

static bool stream(struct exchange *x)
{
	bool moved = false, more = true;

	while (more && !x->conn->client.dead) {
		more = send_decided(x);
		more |= read_more(x);
		if (!more && x->stage == EXCHANGE_STREAM)
			more = flush(x);
		if (x->stage != EXCHANGE_STREAM)
			return true;
		moved |= more;
	}
	if (x->up_ended && x->held.buf.len == 0)
		moved |= put_end(x);
	return moved;
}

/* ---- held whole */

static bool send_held(struct exchange *x)
{
	const struct buf *b = &x->held.buf;
	bool moved = false;

	while (x->sent < b->len) {
		struct http1_piece piece = {.data = buf_data(b) + x->sent, .len = x->back->room(x)};

		if (b->len - x->sent < piece.len)
			piece.len = b->len - (size_t)x->sent;
		if (piece.len == 0)
			break;
		put(x, &piece);
		moved = true;
	}
	if (x->sent >= b->len)
		moved |= put_end(x);
	return moved;
}

/* Whether it is collected before it is sent: to be read, or for its credential. */
static bool is_held(const struct exchange *x)
{
	const struct outgoing_request q = request_outgoing(x);

	return outbound_wanted(x) || outgoing_wants_body(&q) ||
	       git_request_wants_body(&x->request, &x->target);
}

bool exchange_step_up(struct exchange *x)
{
	if (x->all_sent)
		return false;
	if (x->streams)
		return stream(x);
	return is_held(x) ? send_held(x) : pass(x);
}

/* ---- collected, before anything is sent */

/* A body that says what git-lfs is up to. 0, or -EACCES and *why. */
static int check_git(struct exchange *x, struct refusal *why)
{
	const struct buf *b = &x->held.buf;

	if (!git_request_wants_body(&x->request, &x->target))
		return 0;
	return git_request_check_body(buf_data(b), b->len, !x->streams, why);
}

/* Reads what was collected: refused, or on its way. */
static void judge(struct exchange *x)
{
	const struct outgoing_request q = request_outgoing(x);
	struct refusal why = {.host = ""};

	memcpy(why.host, x->host, HOST_MAX);
	if (check_git(x, &why) < 0 || outbound_read(&x->outbound, x, !x->streams, &why) < 0 ||
		outgoing_check(&q, &why) < 0)
		exchange_refuse(x, &why);
	else
		exchange_forward(x);
}

/*
 * A call of gRPC may await an answer to one message before it sends the next: each goes on when it
 * was read. Where the credential needs all of the body it is held like any other.
 */
static bool is_call(const struct exchange *x)
{
	const struct outgoing_request q = request_outgoing(x);

	return x->front->http2 && grpc_is(&x->request) && !outgoing_wants_body(&q) &&
	       !git_request_wants_body(&x->request, &x->target);
}

void exchange_read(struct exchange *x)
{
	if (x->length.framing == HTTP1_NO_BODY)
		x->up_ended = true;
	if (x->up_ended || !is_held(x)) {
		judge(x);
		return;
	}
	if (is_call(x)) {
		x->streams = true;
		judge(x);
		return;
	}
	x->stage = EXCHANGE_HOLD;
	exchange_moved(x);
	/* The body may come: where it goes was allowed. The upstream is not asked. */
	if (x->expects_continue)
		x->front->go_on(x);
	x->expects_continue = false;
}

/* As much of it as may be held. */
static size_t hold_max(const struct exchange *x)
{
	const struct outgoing_request q = request_outgoing(x);

	return sigv4_wants_body(&q) ? HELD_SIGNED_MAX : HELD_BODY_MAX;
}

bool exchange_step_hold(struct exchange *x)
{
	size_t most = hold_max(x);
	struct http1_piece piece;
	bool moved = false;

	/* One byte more than may be held shows that there is more. */
	while (take(x, most + 1 - x->held.buf.len, &piece)) {
		if (held_add(&x->held, &x->conn->service->held, piece.data, piece.len) < 0) {
			refuse_memory(x);
			return true;
		}
		moved = true;
	}
	if (x->stage != EXCHANGE_HOLD)
		return true;
	x->streams = x->held.buf.len > most;
	if (x->up_ended || x->streams) {
		judge(x);
		return true;
	}
	if (moved)
		exchange_moved(x);
	return moved;
}

/* ---- a sender who waits */

#define PAUSE_MS 1000

/*
 * A body of a length that nobody told may be one half of a conversation: its sender waits for what
 * it already said to be answered. Where it is to be rewritten, or signed as a whole, it cannot be
 * one, and is held.
 */
static bool may_pause(const struct exchange *x)
{
	const struct outgoing_request q = request_outgoing(x);

	return x->length.framing == HTTP1_CHUNKED && x->held.buf.len > 0 &&
	       rule_route(x->rule)->dlp.on_match != POLICY_REDACT && !outgoing_wants_body(&q);
}

void exchange_check_pause(struct exchange *x)
{
	if (loop_now_ms(x->conn->service->loop) - x->moved_ms < PAUSE_MS)
		return;
	if (x->stage == EXCHANGE_HOLD && may_pause(x)) {
		x->streams = x->pauses = true;
		judge(x);
	} else if (x->stage == EXCHANGE_STREAM && x->streams) {
		x->pauses = true;
	}
	/* An answer of a known length that is held for its end. */
	x->incoming.to_the_end = false;
}
