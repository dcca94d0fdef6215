#include "egress/websocket_side.h"

#include <errno.h>
#include <string.h>

#include <openssl/rand.h>

#include "base/secret.h"

/* What the inflater writes at a time. */
#define PIECE 16384
/* A message that passes goes on in fragments of at least so much, but for its last one. */
#define FRAGMENT_MIN PIECE

int websocket_side_open(struct websocket_side *s, const struct websocket_side_options *o)
{
	*s = (struct websocket_side){.o = *o};
	return o->deflate ? websocket_inflate_open(&s->inflate, o->forgets, o->ratio) : 0;
}

static void wipe(struct buf *b)
{
	if (b->p)
		secret_wipe(b->p, b->cap);
	buf_done(b);
}

void websocket_side_done(struct websocket_side *s)
{
	websocket_inflate_close(&s->inflate);
	secret_wipe(s->control, sizeof(s->control));
	wipe(&s->in);
	wipe(&s->head);
	held_done(&s->held);
}

static int wrong(struct websocket_side *s, unsigned int code, const char *why)
{
	s->code = code;
	s->why = why;
	return -EPROTO;
}

/* ---- out */

static bool has_output(const struct websocket_side *s)
{
	return s->head.len > 0 || s->ready > 0;
}

/* The head of a frame of ours, whose payload is masked where it stands. */
static int frame(struct websocket_side *s, enum websocket_opcode opcode, bool final,
	unsigned char *p, size_t len)
{
	struct websocket_frame f = {
		.opcode = opcode, .final = final, .masked = s->o.from_agent, .length = len};
	unsigned char head[WEBSOCKET_HEAD_MAX];

	if (f.masked && RAND_bytes(f.mask, sizeof(f.mask)) != 1)
		return -EIO;
	if (f.masked)
		websocket_mask(p, len, f.mask, 0);
	return buf_add(&s->head, head, websocket_frame_write(&f, head));
}

static unsigned char *held_at(const struct websocket_side *s)
{
	return s->held.buf.p ? s->held.buf.p + s->held.buf.off : NULL;
}

/* The next bytes of the message go on. */
static int release(struct websocket_side *s, size_t len, bool final)
{
	enum websocket_opcode opcode = s->passing ? WEBSOCKET_CONTINUATION : s->opcode;
	int r = frame(s, opcode, final, held_at(s), len);

	s->passing = !final;
	s->ready = len;
	return r;
}

/* What was handed out last is gone. */
static void consume(struct websocket_side *s)
{
	if (s->given_head) {
		buf_consume(&s->head, s->given);
	} else if (s->given > 0) {
		held_consume(&s->held, s->given);
		s->ready -= s->given;
	}
	s->given = 0;
	if (s->held.buf.len == 0)
		held_done(&s->held);
}

void websocket_side_give(struct websocket_side *s, size_t max, struct http1_piece *ret)
{
	consume(s);
	s->given_head = s->head.len > 0;
	if (s->given_head)
		*ret = (struct http1_piece){.data = buf_data(&s->head), .len = s->head.len};
	else
		*ret = (struct http1_piece){.data = held_at(s), .len = s->ready};
	if (ret->len > max)
		ret->len = max;
	s->given = ret->len;
}

bool websocket_side_is_over(const struct websocket_side *s)
{
	return s->closed && !has_output(s);
}

int websocket_side_close(struct websocket_side *s, unsigned int code, const char *reason)
{
	unsigned char payload[WEBSOCKET_CONTROL_MAX] = {
		(unsigned char)(code >> 8), (unsigned char)code};
	size_t len = strnlen(reason, sizeof(payload) - 2);
	int r = 0;

	consume(s);
	if (s->closed)
		return 0;
	s->closed = true;
	memcpy(payload + 2, reason, len);
	if (s->ready > 0)
		r = buf_add(&s->head, held_at(s), s->ready);
	s->ready = 0;
	held_done(&s->held);
	if (r == 0)
		r = frame(s, WEBSOCKET_CLOSE, true, payload, len + 2);
	return r < 0 ? r : buf_add(&s->head, payload, len + 2);
}

/* ---- a message */

static int begin_message(struct websocket_side *s)
{
	const struct websocket_frame *f = &s->frame;

	if (f->compressed && !s->o.deflate)
		return wrong(s, 1002, "a compressed message that nobody agreed on");
	s->in_message = true;
	s->opcode = f->opcode;
	s->compressed = f->compressed;
	s->passing = false;
	s->utf8 = (struct websocket_utf8){0};
	return s->o.judge->begin(s->o.arg,
		f->opcode == WEBSOCKET_TEXT ? WEBSOCKET_KIND_TEXT : WEBSOCKET_KIND_BINARY);
}

/* More of it is held now. */
static int take_held(struct websocket_side *s, size_t fresh)
{
	size_t len = s->held.buf.len;

	if (s->opcode == WEBSOCKET_TEXT &&
		!websocket_utf8_take(&s->utf8, held_at(s) + len - fresh, fresh))
		return wrong(s, 1007, "a text that is not UTF-8");
	return s->o.judge->take(s->o.arg, held_at(s), len, fresh);
}

static int hold(struct websocket_side *s, const unsigned char *p, size_t len)
{
	int r = held_add(&s->held, s->o.all, p, len);

	return r < 0 || len == 0 ? r : take_held(s, len);
}

/* One piece of what the inflater has; 1: there was one. */
static int inflate_more(struct websocket_side *s)
{
	unsigned char piece[PIECE] __attribute__((uninitialized));
	long n = websocket_inflate_take(&s->inflate, piece, sizeof(piece), &s->why);
	int r = n > 0 ? hold(s, piece, (size_t)n) : 0;

	if (n > 0)
		secret_wipe(piece, (size_t)n);
	if (n == -EPROTO)
		return wrong(s, 1007, s->why);
	if (n == -E2BIG)
		return wrong(s, 1009, s->why);
	return n < 0 ? (int)n : r < 0 ? r : n > 0;
}

static int end_message(struct websocket_side *s)
{
	int r;

	if (s->opcode == WEBSOCKET_TEXT && s->utf8.left > 0)
		return wrong(s, 1007, "a text that is not UTF-8");
	s->in_message = false;
	s->messages++;
	s->stage = WEBSOCKET_HEAD;
	r = s->o.judge->end(s->o.arg, held_at(s), s->held.buf.len, !s->passing);
	return r < 0 ? r : release(s, s->held.buf.len, true);
}

/* What is too long to wait goes on as far as it was decided. */
static int pass(struct websocket_side *s)
{
	size_t len = s->held.buf.len, back;

	if (!s->passing && len <= HELD_BODY_MAX)
		return 0;
	back = s->o.judge->undecided(s->o.arg);
	return back < len && len - back >= FRAGMENT_MIN ? release(s, len - back, false) : 0;
}

/* ---- frames. Each returns 1: something was done; 0: more bytes are needed; or what went wrong. */

static int take_head(struct websocket_side *s)
{
	struct websocket_frame *f = &s->frame;
	int n = websocket_frame_parse(buf_data(&s->in), s->in.len, f, &s->why), r = 0;

	if (n <= 0)
		return n < 0 ? wrong(s, 1002, s->why) : 0;
	buf_consume(&s->in, (size_t)n);
	s->stage = WEBSOCKET_PAYLOAD;
	s->at = 0;
	if (f->masked != s->o.from_agent)
		return wrong(s, 1002,
			f->masked ? "a masked frame of a server"
				  : "a frame of a client without a mask");
	if (websocket_is_control(f->opcode))
		return 1;
	if ((f->opcode == WEBSOCKET_CONTINUATION) != s->in_message)
		return wrong(s, 1002,
			s->in_message ? "a message that begins amid another one"
				      : "a fragment that continues no message");
	if (!s->in_message)
		r = begin_message(s);
	return r < 0 ? r : 1;
}

/* What is here of the present frame's payload, without its mask; it stays in `in`. */
static size_t unmask(struct websocket_side *s)
{
	size_t len = s->in.len;

	if (s->frame.length - s->at < len)
		len = (size_t)(s->frame.length - s->at);
	if (s->frame.masked && len > 0)
		websocket_mask(s->in.p + s->in.off, len, s->frame.mask, s->at);
	s->at += len;
	return len;
}

/* Whether it may go on. Behind a close frame nothing more is read. */
static int judge_control(struct websocket_side *s, size_t len)
{
	size_t skip = 0;
	unsigned int code;

	if (s->frame.opcode == WEBSOCKET_CLOSE) {
		if (websocket_close_parse(s->control, len, &code, &s->why) < 0)
			return wrong(s, 1002, s->why);
		skip = len < 2 ? len : 2;
	}
	return len > skip ? s->o.judge->control(s->o.arg, s->control + skip, len - skip) : 0;
}

static int end_control(struct websocket_side *s)
{
	size_t len = (size_t)s->frame.length;
	int r = judge_control(s, len);

	s->stage = WEBSOCKET_HEAD;
	if (r == 0)
		r = frame(s, s->frame.opcode, true, s->control, len);
	if (r == 0)
		r = buf_add(&s->head, s->control, len);
	s->closed |= r == 0 && s->frame.opcode == WEBSOCKET_CLOSE;
	secret_wipe(s->control, len);
	return r < 0 ? r : 1;
}

static int take_control(struct websocket_side *s)
{
	size_t at = (size_t)s->at, len = unmask(s);

	if (len > 0)
		memcpy(s->control + at, buf_data(&s->in), len);
	buf_consume(&s->in, len);
	return s->at == s->frame.length ? end_control(s) : 1;
}

/* What follows a part of a payload that was read. */
static void go_on(struct websocket_side *s)
{
	if (s->at < s->frame.length) {
		s->stage = WEBSOCKET_PAYLOAD;
	} else if (!s->frame.final) {
		s->stage = WEBSOCKET_HEAD;
	} else if (s->compressed) {
		websocket_inflate_end(&s->inflate);
		s->stage = WEBSOCKET_INFLATE;
	} else {
		s->stage = WEBSOCKET_END;
	}
}

static int take_payload(struct websocket_side *s)
{
	size_t len = unmask(s);
	int r;

	if (s->compressed) {
		websocket_inflate_give(&s->inflate, buf_data(&s->in), len);
		s->lent = len;
		s->stage = WEBSOCKET_INFLATE;
		return 1;
	}
	r = hold(s, buf_data(&s->in), len);
	buf_consume(&s->in, len);
	go_on(s);
	if (r == 0)
		r = pass(s);
	return r < 0 ? r : 1;
}

static int inflate_payload(struct websocket_side *s)
{
	bool ending = s->inflate.ending;
	int r = inflate_more(s);

	if (r == 1)
		r = pass(s);
	else if (r == 0 && ending)
		s->stage = WEBSOCKET_END;
	else if (r == 0) {
		buf_consume(&s->in, s->lent);
		s->lent = 0;
		go_on(s);
	}
	return r < 0 ? r : 1;
}

static int step(struct websocket_side *s)
{
	int r;

	switch (s->stage) {
	case WEBSOCKET_HEAD:
		return take_head(s);
	case WEBSOCKET_PAYLOAD:
		if (s->in.len == 0 && s->at < s->frame.length)
			return 0;
		return websocket_is_control(s->frame.opcode) ? take_control(s) : take_payload(s);
	case WEBSOCKET_INFLATE:
		return inflate_payload(s);
	case WEBSOCKET_END:
		r = end_message(s);
		return r < 0 ? r : 1;
	}
	return 0;
}

/* ---- in */

bool websocket_side_wants(const struct websocket_side *s)
{
	return s->closed ||
	       (!has_output(s) && s->stage <= WEBSOCKET_PAYLOAD && s->in.len < WEBSOCKET_HEAD_MAX);
}

int websocket_side_put(struct websocket_side *s, const void *p, size_t len)
{
	return s->closed ? 0 : buf_add(&s->in, p, len);
}

int websocket_side_move(struct websocket_side *s)
{
	int r = 1;

	consume(s);
	while (r > 0 && !has_output(s) && !s->closed)
		r = step(s);
	return r < 0 ? r : 0;
}

int websocket_side_pause(struct websocket_side *s)
{
	size_t len, back;
	int r;

	consume(s);
	len = s->held.buf.len;
	if (!s->in_message || has_output(s) || s->stage > WEBSOCKET_PAYLOAD || len == 0)
		return 0;
	r = s->o.judge->flush(s->o.arg, held_at(s), len);
	back = s->o.judge->undecided(s->o.arg);
	return r < 0 || back >= len ? r : release(s, len - back, false);
}
