#ifndef TESTS_LIB_WEBSOCKET_H
#define TESTS_LIB_WEBSOCKET_H

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "egress/websocket_side.h"

/*
 * A judge for tests of one direction: a message that holds the word "SECRET" does not go on, and
 * "word" becomes stars. What it was told is counted.
 */
struct test_judge {
	struct buf text; /* of the message */
	size_t messages, controls;
	bool flushed;
};

#define TEST_WORD "SECRET"

static int test_look(const unsigned char *p, size_t len)
{
	return memmem(p, len, TEST_WORD, strlen(TEST_WORD)) ? -EACCES : 0;
}

static int test_begin(void *arg, enum websocket_kind kind)
{
	struct test_judge *j = arg;

	(void)kind;
	buf_consume(&j->text, j->text.len);
	j->flushed = false;
	j->messages++;
	return 0;
}

static int test_take(void *arg, unsigned char *p, size_t len, size_t fresh)
{
	struct test_judge *j = arg;

	j->flushed = false;
	if (buf_add(&j->text, p + len - fresh, fresh) < 0)
		abort();
	return test_look(buf_data(&j->text), j->text.len);
}

static int test_flush(void *arg, unsigned char *p, size_t len)
{
	struct test_judge *j = arg;

	(void)p;
	(void)len;
	j->flushed = true;
	return 0;
}

static size_t test_undecided(void *arg)
{
	struct test_judge *j = arg;

	return j->flushed ? 0 : strlen(TEST_WORD) - 1;
}

static int test_end(void *arg, unsigned char *p, size_t len, bool whole)
{
	unsigned char *at;

	(void)arg;
	while (whole && len > 0 && (at = memmem(p, len, "word", 4)))
		memset(at, '*', 4);
	return 0;
}

static int test_control(void *arg, unsigned char *p, size_t len)
{
	struct test_judge *j = arg;

	j->controls++;
	return test_look(p, len);
}

static const struct websocket_judge test_judge = {
	.begin = test_begin,
	.take = test_take,
	.flush = test_flush,
	.undecided = test_undecided,
	.end = test_end,
	.control = test_control,
};

/* All that a side can give now, at most `max` bytes at a time. */
static inline void test_give(struct websocket_side *s, size_t max, struct buf *out)
{
	struct http1_piece piece;

	do {
		websocket_side_give(s, max, &piece);
		if (piece.len > 0 && buf_add(out, piece.data, piece.len) < 0)
			abort();
	} while (piece.len > 0);
}

/* Moves it until nothing comes out any more. */
static inline int test_run(struct websocket_side *s, size_t max, struct buf *out)
{
	size_t before;
	int r;

	do {
		before = out->len;
		r = websocket_side_move(s);
		test_give(s, max, out);
		if (s->o.all && *s->o.all > HELD_ALL_MAX)
			abort();
	} while (r == 0 && out->len > before);
	return r;
}

/* Bytes in pieces of at most `cut`; what goes on into out. 0 or what the side said. */
static inline int test_pass(
	struct websocket_side *s, const unsigned char *p, size_t len, size_t cut, struct buf *out)
{
	int r = test_run(s, cut, out);

	while (r == 0 && len > 0) {
		size_t some = len < cut ? len : cut;

		if (!websocket_side_wants(s) || websocket_side_put(s, p, some) < 0)
			abort();
		p += some;
		len -= some;
		r = test_run(s, cut, out);
	}
	return r;
}

/* What frames say, whatever their masks and fragments: opcode, text, and a mark at each end. */
static inline void test_meaning(const unsigned char *p, size_t len, bool masked, struct buf *ret)
{
	struct websocket_frame f;
	const char *why;
	bool in_message = false;
	int n;

	while (len > 0 && (n = websocket_frame_parse(p, len, &f, &why)) > 0) {
		unsigned char kind = (unsigned char)('0' + f.opcode);

		if (f.masked != masked || f.compressed || len - (size_t)n < f.length)
			abort();
		websocket_mask((unsigned char *)p + n, (size_t)f.length, f.mask, 0);
		if ((f.opcode == WEBSOCKET_CONTINUATION) != in_message &&
			!websocket_is_control(f.opcode))
			abort();
		if (f.opcode != WEBSOCKET_CONTINUATION)
			buf_add(ret, &kind, 1);
		buf_add(ret, p + n, (size_t)f.length);
		if (f.final)
			buf_add(ret, "\n", 1);
		if (!websocket_is_control(f.opcode))
			in_message = !f.final;
		p += (size_t)n + f.length;
		len -= (size_t)n + f.length;
	}
	if (len > 0)
		abort();
}

#endif
