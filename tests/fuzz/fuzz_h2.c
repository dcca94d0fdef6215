/*
 * Frames of HTTP/2 from an agent (into a server that decides about each request) or from an
 * upstream (into a client with requests under way). The first byte chooses; what follows are the
 * bytes on the wire, behind a preface that is there already for agents. They come in pieces of a
 * length that changes, so that nothing depends on how they were cut. Memory stays bounded.
 */
#include <stdlib.h>
#include <string.h>

#include "egress/h2.h"
#include "egress/wire.h"
#include "tests/fuzz/fuzz.h"

#define HELD_MAX 4 /* requests that are answered late */

enum mode { MODE_CLIENT = 1, MODE_SLOW = 2, MODE_PLAIN_BYTES = 4 };

struct scene {
	struct wire wire;
	struct h2 *h;
	uint8_t mode;
	int64_t now_ms;
	struct h2_stream *held[HELD_MAX];
	size_t n_held;
};

static void must(int holds)
{
	if (!holds)
		abort();
}

static void answer(struct h2_stream *s)
{
	struct h2_list l = {.n = 0};

	h2_list_add_status(&l, 200);
	h2_list_add(&l, "Content-Type", "text/plain", false);
	must(h2_respond(s, &l, false) == 0);
	must(h2_put(s, "an answer", 9) == 0);
	must(h2_end(s, &h2_stream_head(s)->head) == 0);
}

/* All that came of its body; false: nothing more will. */
static bool drink(struct h2_stream *s)
{
	struct http1_head trailers = {.text = NULL};
	struct http1_piece piece;
	enum take t;

	while ((t = h2_take(s, 1000, &piece, &trailers)) == TAKE_DATA)
		must(piece.len > 0 && piece.len <= 1000);
	http1_head_done(&trailers);
	return t == TAKE_NOTHING;
}

/* As the front does: some are refused, some taken back, some held for later. */
static void decide(struct scene *c, struct h2_stream *s)
{
	const struct h2_head_form form = {.ended = h2_ended_with_head(s), .absolute = c->mode & 8};
	struct http1_head head;
	struct http1_length length;
	const char *what;
	int r = h2_head_request(h2_stream_head(s), &form, &head, &what);

	if (r == 0) {
		must(head.method && head.target && head.n_fields <= HTTP1_FIELDS_MAX);
		must(head.size <= HTTP1_HEAD_MAX);
		if (http1_request_length(&head, &length, &what) == 0 &&
			length.framing != HTTP1_CHUNKED)
			h2_expect(s, length.length);
	}
	if (r == 0 && head.method[0] == 'D')
		h2_reset(s, NGHTTP2_CANCEL);
	else if (r == 0 && head.method[0] == 'P' && c->n_held < HELD_MAX) {
		c->held[c->n_held++] = s;
		s = NULL;
	} else {
		answer(s);
	}
	if (s)
		h2_release(s);
	http1_head_done(&head);
}

static void serve_held(struct scene *c)
{
	for (size_t i = 0; i < c->n_held; i++) {
		if (drink(c->held[i]))
			continue;
		if (!h2_is_gone(c->held[i]))
			answer(c->held[i]);
		h2_release(c->held[i]);
		c->held[i--] = c->held[--c->n_held];
	}
}

/* Whether more of an answer may come. */
static bool goes_on(struct h2_stream *s)
{
	const char *what;
	struct http1_head head;
	enum take t = h2_take_head(s, &what);
	int r;

	if (t != TAKE_DATA)
		return t == TAKE_NOTHING;
	r = h2_head_response(h2_stream_head(s), &head, &what);
	must(r < 0 || (head.status >= 200 && head.status <= 599));
	http1_head_done(&head);
	return r == 0 && drink(s);
}

static void await_held(struct scene *c)
{
	for (size_t i = 0; i < c->n_held; i++) {
		if (goes_on(c->held[i]))
			continue;
		(void)h2_is_untouched(c->held[i]);
		h2_release(c->held[i]);
		c->held[i--] = c->held[--c->n_held];
	}
}

static void ask(struct scene *c)
{
	struct h2_list l = {.n = 0};

	h2_list_add(&l, ":method", "POST", false);
	h2_list_add(&l, ":scheme", "https", false);
	h2_list_add(&l, ":authority", "a.test", false);
	h2_list_add(&l, ":path", "/", false);
	h2_list_add(&l, "authorization", "Bearer x", true);
	c->held[c->n_held] = h2_request(c->h, &l, c->n_held == 0);
	must(c->held[c->n_held] != NULL);
	(void)h2_put(c->held[c->n_held++], "a question", 10);
}

static void step(struct scene *c, const uint8_t *data, size_t n)
{
	struct h2_stream *s;

	must(buf_add(&c->wire.in, data, n) == 0);
	h2_read(c->h);
	while ((s = h2_accept(c->h)))
		decide(c, s);
	if (c->mode & MODE_CLIENT)
		await_held(c);
	else
		serve_held(c);
	h2_tick(c->h, c->now_ms += 700);
	h2_write(c->h);
	must(h2_streams(c->h) <= H2_STREAMS_MAX + HELD_MAX);
	must(c->wire.out.len <= WIRE_OUT_MAX + (32U << 10));
	/* A slow peer takes what was sent only at times. */
	if (!(c->mode & MODE_SLOW) || c->now_ms % 2100 == 0)
		buf_consume(&c->wire.out, c->wire.out.len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct scene c = {.n_held = 0};
	struct err e;

	if (size < 2)
		return 0;
	c.mode = data[0];
	wire_init(&c.wire);
	must(h2_new(c.mode & MODE_CLIENT ? H2_CLIENT : H2_SERVER, &c.wire, &c.h, &e) == 0);
	if (c.mode & MODE_CLIENT) {
		ask(&c);
		ask(&c);
		h2_write(c.h);
	} else if (!(c.mode & MODE_PLAIN_BYTES)) {
		must(buf_add(&c.wire.in, H2_PREFACE, H2_PREFACE_LEN) == 0);
	}
	for (size_t at = 1, n = 1; at < size && !h2_is_over(c.h); at += n) {
		n = 1 + (at * 7919) % 4096;
		if (n > size - at)
			n = size - at;
		step(&c, data + at, n);
	}
	if (c.mode & 16) {
		h2_free(c.h);
		c.h = NULL;
	}
	for (size_t i = 0; i < c.n_held; i++)
		h2_release(c.held[i]);
	h2_free(c.h);
	wire_done(&c.wire);
	return 0;
}
