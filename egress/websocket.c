#include "egress/websocket.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "egress/back.h"
#include "egress/conn.h"
#include "egress/exchange_parts.h"
#include "egress/front.h"
#include "egress/upstream.h"
#include "egress/websocket_handshake.h"
#include "egress/websocket_reading.h"
#include "egress/websocket_side.h"

/* RFC 6455, section 7.4.1. */
#define GOING_AWAY	 1001
#define POLICY_VIOLATION 1008
#define INTERNAL_ERROR	 1011
#define TRY_AGAIN_LATER	 1013

/* A sender of an unfinished message who says nothing for so long waits for something. */
#define PAUSE_MS 1000
/* For close frames to be taken. */
#define CLOSING_MS 5000

struct websocket {
	struct websocket_handshake handshake;
	struct websocket_side up, down;
	struct websocket_reading leaving, coming;
	int64_t up_ms, down_ms; /* when bytes came last */
	bool open, closing;	/* closing: nothing more is taken from either side */
};

void websocket_free(struct websocket *w)
{
	if (!w)
		return;
	websocket_side_done(&w->up);
	websocket_side_done(&w->down);
	websocket_reading_done(&w->leaving);
	websocket_reading_done(&w->coming);
	free(w);
}

/* ---- the handshake */

static int refuse_offer(struct refusal *why, int r, const char *what)
{
	if (r == -EIO || r == -ENOMEM)
		return refusal_set(why, 503, "busy", "bounds of memory", "%s", strerror(-r));
	return refusal_set(why, 400, "bad_request", "WebSocket, read strictly", "%s", what);
}

int websocket_begin(struct exchange *x, struct refusal *why)
{
	const char *what = "";
	int r;

	if (x->length.framing != HTTP1_NO_BODY)
		return refuse_offer(why, -EPROTO, "a WebSocket's handshake with a body");
	x->websocket = calloc(1, sizeof(*x->websocket));
	if (!x->websocket)
		return refuse_offer(why, -ENOMEM, "");
	r = websocket_offer(&x->websocket->handshake, &x->request, &what);
	return r < 0 ? refuse_offer(why, r, what) : 0;
}

static int open_sides(struct exchange *x)
{
	struct websocket *w = x->websocket;
	const struct websocket_handshake *h = &w->handshake;
	struct websocket_side_options o = {.from_agent = true,
		.deflate = h->deflate,
		.forgets = h->agent_forgets,
		.ratio = (uint64_t)exchange_limit(x, LIMIT_RATIO),
		.all = &x->conn->service->held,
		.judge = &websocket_judge,
		.arg = &w->leaving};

	websocket_reading_start(&w->leaving, x, true);
	websocket_reading_start(&w->coming, x, false);
	if (websocket_side_open(&w->up, &o) < 0)
		return -ENOMEM;
	o.from_agent = false;
	o.forgets = h->upstream_forgets;
	o.arg = &w->coming;
	return websocket_side_open(&w->down, &o);
}

static int64_t now_ms(const struct exchange *x)
{
	return loop_now_ms(x->conn->service->loop);
}

int websocket_open(struct exchange *x, const char **ret_what)
{
	struct websocket *w = x->websocket;

	if (!w || w->open) {
		*ret_what = "it switches to a protocol that was not asked for";
		return -EPROTO;
	}
	if (websocket_answer(&w->handshake, &x->response, ret_what) < 0)
		return -EPROTO;
	if (open_sides(x) < 0) {
		*ret_what = "memory ran out";
		return -EPROTO;
	}
	/* From here on the connection's end is the end of either direction. */
	x->sent_length = (struct http1_length){.framing = HTTP1_UNTIL_CLOSE};
	x->response_length = x->sent_length;
	x->up_ended = false;
	w->open = true;
	metrics_count(x->conn->service->metrics, METRICS_WEBSOCKETS);
	w->up_ms = w->down_ms = now_ms(x);
	exchange_moved(x);
	return 0;
}

bool websocket_is_open(const struct websocket *w)
{
	return w && w->open;
}

uint64_t websocket_messages(const struct websocket *w, bool up)
{
	return up ? w->up.messages : w->down.messages;
}

/* ---- the end */

/* Both sides know: what waits for the upstream is sent, then its connection is closed. */
static void end(struct exchange *x)
{
	if (x->up)
		(void)wire_write(&x->up->wire);
	x->all_sent = true;
	x->ends_as = METRICS_ALLOWED;
	exchange_release(x, false);
	exchange_over(x);
	x->front->end(x);
}

/* The agent has gone. What it said before, and its good-bye, still arrive. */
static void leave(struct exchange *x)
{
	if (x->up)
		(void)wire_write(&x->up->wire);
	x->all_sent = x->websocket->up.closed;
	exchange_abandon(x);
}

/* One side has gone without a word: so does the other. */
static void cut(struct exchange *x)
{
	exchange_abandon(x);
	x->front->cut(x, true);
}

static void close_both(
	struct exchange *x, unsigned int to_agent, unsigned int to_upstream, const char *reason)
{
	struct websocket *w = x->websocket;

	w->closing = true;
	exchange_moved(x);
	if (websocket_side_close(&w->down, to_agent, reason) < 0 ||
		websocket_side_close(&w->up, to_upstream, "") < 0)
		cut(x);
}

/* What the agent is told in a close frame: all the rest stands in the log. In ASCII: a rule of the
 * operator's may have any name, and the end may be cut off. */
static void reason_of(const struct refusal *why, char ret[WEBSOCKET_CONTROL_MAX])
{
	snprintf(ret, WEBSOCKET_CONTROL_MAX - 1, "refused by egress, id %s: %s, rule %s", why->id,
		why->error, why->finding[0] ? why->finding : why->rule);
	for (char *c = ret; *c; c++)
		if (*c < ' ' || *c > '~')
			*c = '?';
}

static void refuse(struct exchange *x, const struct refusal *refusal, unsigned int to_agent,
	unsigned int to_upstream)
{
	struct refusal why = *refusal;
	char reason[WEBSOCKET_CONTROL_MAX];

	memcpy(why.host, x->host, HOST_MAX);
	memcpy(why.id, exchange_id(x), sizeof(why.id));
	exchange_account(x, &why);
	reason_of(&why, reason);
	close_both(x, to_agent, to_upstream, reason);
}

/* A direction cannot go on. */
static void fail(struct exchange *x, const struct websocket_side *s, int r)
{
	struct websocket *w = x->websocket;
	bool up = s == &w->up;
	struct refusal why = {.host = ""};

	if (r == -EACCES) {
		refuse(x, up ? &w->leaving.why : &w->coming.why, POLICY_VIOLATION, GOING_AWAY);
	} else if (r == -EPROTO) {
		refusal_set(&why, up ? 400 : 502, up ? "bad_request" : "upstream_answer",
			"WebSocket, read strictly", "%s", s->why);
		refuse(x, &why, up ? s->code : INTERNAL_ERROR, up ? GOING_AWAY : s->code);
	} else if (r == -ENOBUFS) {
		refusal_set(&why, 503, "busy", "bounds of memory",
			"too many messages wait to be read at the same time");
		refuse(x, &why, TRY_AGAIN_LATER, GOING_AWAY);
	} else {
		refusal_set(&why, 503, "busy", "bounds of memory", "%s", strerror(-r));
		refuse(x, &why, INTERNAL_ERROR, GOING_AWAY);
	}
}

/* ---- bytes */

static size_t room(const struct exchange *x, bool up)
{
	return up ? x->back->room(x) : x->front->room(x);
}

static void pass(struct exchange *x, bool up, const struct http1_piece *piece)
{
	if (!up) {
		x->front->data(x, piece);
		x->bytes_down += piece->len;
		return;
	}
	if (x->back->data(x, piece) < 0)
		x->conn->client.dead = true;
	x->bytes_up += piece->len;
}

/* What is decided, as far as there is room. Whether there was something. */
static bool give(struct exchange *x, struct websocket_side *s, bool up)
{
	struct http1_piece piece;
	bool gave = false;

	do {
		websocket_side_give(s, room(x, up), &piece);
		if (piece.len > 0)
			pass(x, up, &piece);
		gave |= piece.len > 0;
	} while (piece.len > 0);
	return gave;
}

/* More from its source. Whether there was something; it may be over. */
static bool take(struct exchange *x, struct websocket_side *s, bool up)
{
	struct websocket *w = x->websocket;
	struct http1_piece piece;
	enum take t;

	if (w->closing || !websocket_side_wants(s))
		return false;
	t = up ? x->front->take(x, WEBSOCKET_PUT_MAX, &piece)
	       : x->back->take(x, WEBSOCKET_PUT_MAX, &piece);
	switch (t) {
	case TAKE_DATA:
		if (websocket_side_put(s, piece.data, piece.len) < 0)
			fail(x, s, -ENOMEM);
		*(up ? &w->up_ms : &w->down_ms) = now_ms(x);
		exchange_moved(x);
		return true;
	case TAKE_END:
		/* The upstream's end is the end; an agent who has said good-bye may be silent. */
		if (!up)
			end(x);
		else if (!s->closed)
			cut(x);
		return !up || !s->closed;
	case TAKE_BROKEN:
	case TAKE_GONE:
		if (up)
			leave(x);
		else
			cut(x);
		return true;
	case TAKE_NOTHING:
		break;
	}
	return false;
}

/* One direction, as far as it goes. Whether anything moved. */
static bool pump(struct exchange *x, struct websocket_side *s, bool up)
{
	bool moved = false, more = true;

	while (more && x->stage == EXCHANGE_STREAM && !x->conn->client.dead) {
		int r = x->websocket->closing ? 0 : websocket_side_move(s);

		if (r < 0)
			fail(x, s, r);
		if (x->stage != EXCHANGE_STREAM)
			return true;
		more = give(x, s, up) || take(x, s, up) || r < 0;
		moved |= more;
	}
	return moved;
}

bool websocket_step(struct exchange *x)
{
	struct websocket *w = x->websocket;
	bool moved = pump(x, &w->up, true);

	if (x->stage == EXCHANGE_STREAM)
		moved |= pump(x, &w->down, false);
	if (x->stage == EXCHANGE_STREAM && websocket_side_is_over(&w->up) &&
		websocket_side_is_over(&w->down)) {
		end(x);
		return true;
	}
	return moved;
}

/* ---- time */

static void go_on(struct exchange *x, struct websocket_side *s, int64_t since_ms)
{
	int r = now_ms(x) - since_ms < PAUSE_MS ? 0 : websocket_side_pause(s);

	if (r < 0)
		fail(x, s, r);
}

void websocket_tick(struct exchange *x)
{
	struct websocket *w = x->websocket;
	int64_t may_ms = w->closing ? CLOSING_MS : exchange_limit(x, LIMIT_IDLE_MS);
	bool late = now_ms(x) - x->moved_ms >= may_ms;

	if (late && w->closing) {
		cut(x);
		return;
	}
	if (late) {
		x->cut = "nothing has moved for too long";
		close_both(x, GOING_AWAY, GOING_AWAY, "nothing moved in time");
	}
	if (!w->closing)
		go_on(x, &w->up, w->up_ms);
	if (!w->closing)
		go_on(x, &w->down, w->down_ms);
}
