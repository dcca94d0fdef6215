#include "egress/h2.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* An agent and an egress of the same kind, with nothing but two queues between them. */
struct pair {
	struct wire near, far;
	struct h2 *client, *server;
};

static int set_up(void **state)
{
	struct pair *p = calloc(1, sizeof(*p));
	struct err e;

	wire_init(&p->near);
	wire_init(&p->far);
	assert_int_equal(h2_new(H2_CLIENT, &p->near, &p->client, &e), 0);
	assert_int_equal(h2_new(H2_SERVER, &p->far, &p->server, &e), 0);
	*state = p;
	return 0;
}

static int tear_down(void **state)
{
	struct pair *p = *state;

	h2_free(p->client);
	h2_free(p->server);
	wire_done(&p->near);
	wire_done(&p->far);
	free(p);
	return 0;
}

static bool carry(struct wire *from, struct wire *to)
{
	size_t n = from->out.len;

	assert_int_equal(buf_add(&to->in, buf_data(&from->out), n), 0);
	buf_consume(&from->out, n);
	return n > 0;
}

/* Until nobody has anything to say. */
static void talk(struct pair *p)
{
	bool moved = true;

	while (moved) {
		moved = h2_write(p->client);
		moved |= h2_write(p->server);
		moved |= carry(&p->near, &p->far);
		moved |= carry(&p->far, &p->near);
		moved |= h2_read(p->server);
		moved |= h2_read(p->client);
	}
}

static struct h2_stream *ask(struct pair *p, bool end)
{
	struct h2_list l = {.n = 0};

	h2_list_add(&l, ":method", "POST", false);
	h2_list_add(&l, ":scheme", "http", false);
	h2_list_add(&l, ":authority", "a.test", false);
	h2_list_add(&l, ":path", "/x", false);
	h2_list_add(&l, "X-Mixed", "y", false);
	return h2_request(p->client, &l, end);
}

static int respond(struct h2_stream *s, int status, bool end)
{
	struct h2_list l = {.n = 0};

	h2_list_add_status(&l, status);
	return h2_respond(s, &l, end);
}

/* A request of the client's and the server's stream for it. */
static struct h2_stream *meet(struct pair *p, bool end, struct h2_stream **ret_server)
{
	struct h2_stream *s = ask(p, end);

	assert_non_null(s);
	talk(p);
	*ret_server = h2_accept(p->server);
	assert_non_null(*ret_server);
	return s;
}

static void must_take(struct h2_stream *s, const char *text)
{
	struct http1_head trailers = {0};
	struct http1_piece piece;

	assert_int_equal(h2_take(s, 100000, &piece, &trailers), TAKE_DATA);
	assert_int_equal(piece.len, strlen(text));
	assert_memory_equal(piece.data, text, piece.len);
}

static enum take take(struct h2_stream *s)
{
	struct http1_head trailers = {0};
	struct http1_piece piece;
	enum take t = h2_take(s, 100000, &piece, &trailers);

	http1_head_done(&trailers);
	return t;
}

static void a_request_gets_its_answer(void **state)
{
	const struct h2_head_form form = {.ended = false};
	struct pair *p = *state;
	struct http1_head head, response;
	struct h2_stream *theirs, *ours = meet(p, false, &theirs);
	const char *what;

	assert_false(h2_ended_with_head(theirs));
	assert_int_equal(h2_head_request(h2_stream_head(theirs), &form, &head, &what), 0);
	assert_string_equal(head.target, "/x");
	assert_string_equal(http1_field(&head, "x-mixed", NULL), "y");
	assert_int_equal(h2_put(ours, "question", 8), 0);
	assert_int_equal(h2_end(ours, NULL), 0);
	talk(p);
	must_take(theirs, "question");
	assert_int_equal(take(theirs), TAKE_END);
	assert_int_equal(take(theirs), TAKE_NOTHING);
	assert_int_equal(respond(theirs, 200, false), 0);
	assert_int_equal(h2_put(theirs, "answer", 6), 0);
	assert_int_equal(h2_end(theirs, NULL), 0);
	talk(p);
	assert_int_equal(h2_take_head(ours, &what), TAKE_DATA);
	assert_int_equal(h2_head_response(h2_stream_head(ours), &response, &what), 0);
	assert_int_equal(response.status, 200);
	must_take(ours, "answer");
	assert_int_equal(take(ours), TAKE_END);
	assert_false(h2_is_gone(theirs));
	h2_release(ours);
	h2_release(theirs);
	assert_int_equal(h2_streams(p->server), 0);
	assert_int_equal(h2_streams(p->client), 0);
	http1_head_done(&head);
	http1_head_done(&response);
}

static void trailers_go_both_ways(void **state)
{
	struct http1_head sent = {.n_fields = 1, .fields = {{.name = "X-Sum", .value = "7"}}};
	struct http1_head got = {0};
	struct http1_piece piece;
	struct pair *p = *state;
	struct h2_stream *theirs, *ours = meet(p, false, &theirs);

	assert_int_equal(h2_put(ours, "q", 1), 0);
	assert_int_equal(h2_end(ours, &sent), 0);
	talk(p);
	assert_int_equal(respond(theirs, 200, false), 0);
	assert_int_equal(h2_end(theirs, &sent), 0);
	talk(p);
	must_take(theirs, "q");
	assert_int_equal(h2_take(theirs, 9, &piece, &got), TAKE_END);
	assert_string_equal(http1_field(&got, "x-sum", NULL), "7");
	assert_int_equal(h2_take(ours, 9, &piece, &got), TAKE_END);
	assert_string_equal(http1_field(&got, "x-sum", NULL), "7");
	http1_head_done(&got);
	h2_release(ours);
	h2_release(theirs);
}

static void what_nobody_takes_stops_its_sender(void **state)
{
	static char block[4096];
	struct pair *p = *state;
	struct h2_stream *theirs, *ours = meet(p, false, &theirs);
	struct http1_head trailers = {0};
	struct http1_piece piece;
	size_t put = 0, got = 0;

	while (put < (1U << 20)) {
		size_t n = h2_room(ours) < sizeof(block) ? h2_room(ours) : sizeof(block);

		assert_int_equal(h2_put(ours, block, n), 0);
		put += n;
		talk(p);
		if (n == 0)
			break;
	}
	/* A stream's window and its queue, and no more. */
	assert_true(put <= (64U << 10) + H2_QUEUE_MAX);
	while (h2_take(theirs, 1000, &piece, &trailers) == TAKE_DATA) {
		got += piece.len;
		talk(p);
	}
	assert_int_equal(got, put);
	assert_int_equal(h2_room(ours), H2_QUEUE_MAX);
	h2_release(ours);
	h2_release(theirs);
}

#define STALLED 40

static void a_stalled_stream_does_not_stop_another(void **state)
{
	static char block[H2_QUEUE_MAX];
	struct pair *p = *state;
	struct h2_stream *theirs[STALLED], *ours[STALLED], *last;

	for (int i = 0; i < STALLED; i++) {
		ours[i] = meet(p, false, &theirs[i]);
		assert_int_equal(h2_put(ours[i], block, sizeof(block)), 0);
		talk(p);
	}
	last = ask(p, false);
	assert_int_equal(h2_put(last, "x", 1), 0);
	talk(p);
	for (int i = 0; i < STALLED; i++) {
		h2_release(theirs[i]);
		h2_release(ours[i]);
	}
	theirs[0] = h2_accept(p->server);
	must_take(theirs[0], "x");
	h2_release(theirs[0]);
	h2_release(last);
}

static void an_announced_length_is_kept(void **state)
{
	struct pair *p = *state;
	struct h2_stream *theirs, *ours = meet(p, false, &theirs);

	h2_expect(theirs, 3);
	assert_int_equal(h2_put(ours, "four", 4), 0);
	talk(p);
	assert_int_equal(take(theirs), TAKE_BROKEN);
	h2_release(ours);
	h2_release(theirs);
	ours = meet(p, false, &theirs);
	assert_int_equal(h2_put(ours, "four", 4), 0);
	assert_int_equal(h2_end(ours, NULL), 0);
	talk(p);
	h2_expect(theirs, 5);
	assert_int_equal(take(theirs), TAKE_BROKEN);
	h2_release(ours);
	h2_release(theirs);
}

static void a_reset_is_told_with_its_code(void **state)
{
	struct pair *p = *state;
	struct h2_stream *theirs, *ours = meet(p, false, &theirs);

	assert_int_equal(respond(theirs, 200, false), 0);
	assert_int_equal(h2_put(theirs, "so far", 6), 0);
	h2_cut(theirs, NGHTTP2_CANCEL);
	talk(p);
	must_take(ours, "so far");
	assert_int_equal(take(ours), TAKE_GONE);
	assert_int_equal(h2_error(ours), NGHTTP2_CANCEL);
	h2_release(theirs);
	h2_release(ours);
	ours = meet(p, false, &theirs);
	h2_reset(ours, NGHTTP2_CANCEL);
	talk(p);
	assert_true(h2_is_gone(theirs));
	h2_release(ours);
	h2_release(theirs);
	assert_int_equal(h2_streams(p->client) + h2_streams(p->server), 0);
}

static void an_early_answer_ends_the_question(void **state)
{
	static char block[H2_QUEUE_MAX];
	struct pair *p = *state;
	struct h2_stream *theirs, *ours = meet(p, false, &theirs);
	const char *what;

	assert_int_equal(h2_put(ours, block, sizeof(block)), 0);
	assert_int_equal(respond(theirs, 403, false), 0);
	assert_int_equal(h2_put(theirs, "no", 2), 0);
	assert_int_equal(h2_end(theirs, NULL), 0);
	h2_release(theirs);
	talk(p);
	assert_int_equal(h2_take_head(ours, &what), TAKE_DATA);
	must_take(ours, "no");
	assert_int_equal(take(ours), TAKE_END);
	/* It may go on for a while. */
	assert_int_equal(h2_put(ours, block, sizeof(block)), 0);
	talk(p);
	assert_int_equal(h2_room(ours), H2_QUEUE_MAX);
	h2_tick(p->server, 1000);
	h2_tick(p->server, 2000 + H2_DRAIN_MS);
	talk(p);
	assert_int_equal(h2_error(ours), NGHTTP2_NO_ERROR);
	h2_release(ours);
	assert_int_equal(h2_streams(p->client) + h2_streams(p->server), 0);
}

static void what_was_not_processed_is_untouched(void **state)
{
	struct pair *p = *state;
	struct h2_stream *theirs, *first = meet(p, true, &theirs), *late;

	h2_shutdown(p->server);
	late = ask(p, true);
	talk(p);
	assert_true(h2_is_untouched(late));
	assert_false(h2_is_untouched(first));
	assert_false(h2_takes_request(p->client));
	assert_int_equal(respond(theirs, 204, true), 0);
	talk(p);
	assert_int_equal(take(first), TAKE_END);
	h2_release(first);
	h2_release(late);
	h2_release(theirs);
	talk(p);
	assert_true(h2_is_over(p->client));
	assert_true(h2_is_over(p->server));
}

static void a_request_is_taken_back_before_it_was_sent(void **state)
{
	struct pair *p = *state;
	struct h2_stream *s = ask(p, false);

	h2_release(s);
	s = ask(p, true);
	h2_reset(s, NGHTTP2_CANCEL);
	talk(p);
	assert_int_equal(take(s), TAKE_GONE);
	assert_false(h2_is_untouched(s));
	h2_release(s);
	assert_int_equal(h2_streams(p->client), 0);
	assert_null(h2_accept(p->server));
}

static void streams_outlive_their_connection(void **state)
{
	struct pair *p = *state;
	struct h2_stream *theirs, *ours = meet(p, false, &theirs), *unheard;

	talk(p);
	unheard = ask(p, true);
	h2_free(p->client);
	p->client = NULL;
	assert_int_equal(take(ours), TAKE_GONE);
	assert_true(h2_is_untouched(unheard));
	assert_int_equal(h2_put(ours, "x", 1), 0);
	assert_int_equal(h2_end(ours, NULL), 0);
	h2_release(ours);
	h2_release(unheard);
	h2_release(theirs);
}

/* ---- hostile peers: the server against frames made by hand */

static void send_raw(struct pair *p, const void *data, size_t len)
{
	assert_int_equal(buf_add(&p->far.in, data, len), 0);
	h2_read(p->server);
	h2_write(p->server);
	buf_consume(&p->far.out, p->far.out.len);
}

static void send_frame(
	struct pair *p, uint8_t type, uint8_t flags, uint32_t id, const void *data, size_t len)
{
	unsigned char f[9 + 16384] = {(unsigned char)(len >> 16), (unsigned char)(len >> 8),
		(unsigned char)len, type, flags, (unsigned char)(id >> 24),
		(unsigned char)(id >> 16), (unsigned char)(id >> 8), (unsigned char)id};

	if (len > 0)
		memcpy(f + 9, data, len);
	send_raw(p, f, 9 + len);
}

static void begin_raw(struct pair *p)
{
	send_raw(p, H2_PREFACE, H2_PREFACE_LEN);
	send_frame(p, NGHTTP2_SETTINGS, 0, 0, NULL, 0);
}

/* :method GET, :scheme http, :path / of the static table (RFC 7541 appendix A). */
static const unsigned char get[] = {0x82, 0x86, 0x84, 0x01, 0x01, 'a'};

#define MANY 100000

/* How many of them it takes until the connection is ended. */
static int until_over(struct pair *p, void (*once)(struct pair *p, int i))
{
	int i = 0;

	while (!h2_is_over(p->server) && i < MANY)
		once(p, i++);
	assert_non_null(h2_fault(p->server));
	return i;
}

static void ping_once(struct pair *p, int i)
{
	(void)i;
	send_frame(p, NGHTTP2_PING, 0, 0, "12345678", 8);
}

static void settings_once(struct pair *p, int i)
{
	(void)i;
	send_frame(p, NGHTTP2_SETTINGS, 0, 0, NULL, 0);
}

static void reset_once(struct pair *p, int i)
{
	struct h2_stream *s;
	uint32_t id = (uint32_t)(2 * i + 1);

	send_frame(p, NGHTTP2_HEADERS, 5, id, get, sizeof(get));
	s = h2_accept(p->server);
	send_frame(p, NGHTTP2_RST_STREAM, 0, id, "\0\0\0\x8", 4);
	if (s)
		h2_release(s);
	assert_true(h2_streams(p->server) < 2);
}

static void window_once(struct pair *p, int i)
{
	(void)i;
	send_frame(p, NGHTTP2_WINDOW_UPDATE, 0, 0, "\0\0\0\x1", 4);
}

static void empty_data_once(struct pair *p, int i)
{
	if (i == 0)
		send_frame(p, NGHTTP2_HEADERS, 4, 1, get, sizeof(get));
	send_frame(p, NGHTTP2_DATA, 0, 1, NULL, 0);
}

static void priority_once(struct pair *p, int i)
{
	send_frame(p, NGHTTP2_PRIORITY, 0, (uint32_t)(2 * i + 1), "\0\0\0\0\x10", 5);
}

static void continuation_once(struct pair *p, int i)
{
	if (i == 0)
		send_frame(p, NGHTTP2_HEADERS, 1, 1, get, sizeof(get));
	send_frame(p, NGHTTP2_CONTINUATION, 0, 1, "\x40\x01x\x01y", 5);
}

/* A dynamic entry of nearly 4 KiB, then named thousands of times. */
static void bomb_once(struct pair *p, int i)
{
	static unsigned char block[16384];
	size_t n = sizeof(get);

	memcpy(block, get, n);
	memset(block + n, 0xbe, sizeof(block) - n);
	if (i == 0) {
		memcpy(block + n, "\x40\x01x\x7f\xa1\x1e", 6);
		memset(block + n + 6, 'v', 4000);
		n += 4006;
	} else {
		n = sizeof(block);
	}
	send_frame(p, NGHTTP2_HEADERS, 5, (uint32_t)(2 * i + 1), block, n);
}

static void floods_end_the_connection(void **state)
{
	void (*const floods[])(struct pair *, int) = {ping_once, settings_once, reset_once,
		window_once, empty_data_once, priority_once, continuation_once};

	(void)state;
	for (size_t i = 0; i < sizeof(floods) / sizeof(*floods); i++) {
		void *own;
		int n;

		set_up(&own);
		begin_raw(own);
		n = until_over(own, floods[i]);
		assert_true(n < 2500);
		tear_down(&own);
	}
}

static void a_bomb_of_headers_ends_the_connection(void **state)
{
	struct pair *p = *state;

	begin_raw(p);
	assert_true(until_over(p, bomb_once) <= 2);
}

static void a_second_of_quiet_earns_some_frames(void **state)
{
	struct pair *p = *state;

	begin_raw(p);
	for (int i = 0; i < 10000; i++) {
		ping_once(p, i);
		if (i % 100 == 0)
			h2_tick(p->server, 1000 + i * 10);
	}
	assert_null(h2_fault(p->server));
}

static void more_streams_than_allowed_are_refused(void **state)
{
	struct pair *p = *state;

	begin_raw(p);
	for (uint32_t i = 0; i < 3 * H2_STREAMS_MAX; i++)
		send_frame(p, NGHTTP2_HEADERS, 4, 2 * i + 1, get, sizeof(get));
	assert_true(h2_streams(p->server) <= H2_STREAMS_MAX);
}

static void a_head_must_end_in_time(void **state)
{
	struct pair *p = *state;

	begin_raw(p);
	send_frame(p, NGHTTP2_HEADERS, 1, 1, get, sizeof(get));
	h2_tick(p->server, 1000);
	h2_tick(p->server, 1000 + H2_HEAD_MS);
	assert_null(h2_fault(p->server));
	h2_tick(p->server, 2000 + H2_HEAD_MS);
	assert_non_null(h2_fault(p->server));
}

static void what_an_answered_agent_does_not_take_is_dropped_in_time(void **state)
{
	struct pair *p = *state;
	struct h2_stream *s;

	begin_raw(p);
	send_frame(p, NGHTTP2_SETTINGS, 0, 0, "\0\x4\0\0\0\0", 6); /* windows of 0 bytes */
	send_frame(p, NGHTTP2_HEADERS, 5, 1, get, sizeof(get));
	s = h2_accept(p->server);
	assert_int_equal(respond(s, 200, false), 0);
	assert_int_equal(h2_put(s, "answer", 6), 0);
	assert_int_equal(h2_end(s, NULL), 0);
	h2_release(s);
	h2_write(p->server);
	h2_tick(p->server, 1000);
	h2_tick(p->server, 1000 + H2_LINGER_MS);
	assert_int_equal(h2_streams(p->server), 1);
	h2_tick(p->server, 2000 + H2_LINGER_MS);
	h2_write(p->server);
	assert_int_equal(h2_streams(p->server), 0);
}

static void another_protocol_is_no_http2(void **state)
{
	struct pair *p = *state;

	send_raw(p, "GET / HTTP/1.1\r\nHost: a\r\n\r\n", 27);
	assert_non_null(h2_fault(p->server));
	assert_true(h2_is_over(p->server));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_request_gets_its_answer),
		TEST(trailers_go_both_ways),
		TEST(what_nobody_takes_stops_its_sender),
		TEST(a_stalled_stream_does_not_stop_another),
		TEST(an_announced_length_is_kept),
		TEST(a_reset_is_told_with_its_code),
		TEST(an_early_answer_ends_the_question),
		TEST(what_was_not_processed_is_untouched),
		TEST(a_request_is_taken_back_before_it_was_sent),
		TEST(streams_outlive_their_connection),
		cmocka_unit_test(floods_end_the_connection),
		TEST(a_bomb_of_headers_ends_the_connection),
		TEST(a_second_of_quiet_earns_some_frames),
		TEST(more_streams_than_allowed_are_refused),
		TEST(a_head_must_end_in_time),
		TEST(what_an_answered_agent_does_not_take_is_dropped_in_time),
		TEST(another_protocol_is_no_http2),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
