#include "base/http1_body.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

/* Feeds a body in pieces of `step` bytes; the payload into out. -1: broken; else bytes used. */
static long feed(struct http1_body *b, const char *text, size_t step, struct buf *out)
{
	size_t len = strlen(text), at = 0;

	while (at < len && !http1_body_is_done(b)) {
		struct http1_piece piece;
		size_t n = len - at < step ? len - at : step;
		long used = http1_body_take(b, (const unsigned char *)text + at, n, &piece);

		if (used < 0)
			return -1;
		assert_true(used > 0);
		assert_int_equal(http1_body_put(HTTP1_UNTIL_CLOSE, out, &piece), 0);
		at += (size_t)used;
	}
	return (long)at;
}

static long chunked(const char *text, bool strict, char *ret, bool *ret_done)
{
	struct http1_length l = {.framing = HTTP1_CHUNKED};
	long first = -2;

	for (size_t step = 1; step < 40; step++) {
		struct http1_body b;
		struct buf out = {0};
		long n;

		http1_body_start(&b, &l, strict);
		n = feed(&b, text, step, &out);
		/* However it is cut, it is the same. */
		if (first == -2)
			first = n;
		assert_int_equal(n, first);
		*ret_done = http1_body_is_done(&b);
		if (out.len)
			memcpy(ret, buf_data(&out), out.len);
		ret[out.len] = '\0';
		buf_done(&out);
	}
	return first;
}

static void chunks_are_joined_and_trailers_dropped(void **state)
{
	static const char text[] = "3\r\nabc\r\nA\r\n0123456789\r\n0\r\nX: y\r\nZ: z\r\n\r\n";
	char got[64];
	bool done;

	(void)state;
	assert_int_equal(chunked(text, true, got, &done), sizeof(text) - 1);
	assert_true(done);
	assert_string_equal(got, "abc0123456789");
}

static void what_follows_the_end_is_not_taken(void **state)
{
	char got[64];
	bool done;

	(void)state;
	assert_int_equal(chunked("1\r\nx\r\n0\r\n\r\nGET / HTTP/1.1\r\n", true, got, &done), 11);
	assert_true(done);
}

static void broken_chunks_are_refused(void **state)
{
	static const char *const wrong[] = {"x\r\n", "\r\n", "-1\r\nx", "+1\r\nx", " 1\r\nx",
		"0x1\r\nx", "1\nx\r\n", "1\r\nxy\r\n", "1\r\nx\n", "1\r\nx\ry",
		"1000000000000000\r\n", "1;a=b\r\nx\r\n", "1 \r\nx\r\n", "0\r\nX\ny\r\n\r\n"};
	char got[64];
	bool done;

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++)
		assert_int_equal(chunked(wrong[i], true, got, &done), -1);
}

static void an_answers_extensions_are_dropped(void **state)
{
	char got[64];
	bool done;

	(void)state;
	assert_true(chunked("1;a=\"b\"\r\nx\r\n0\r\n\r\n", false, got, &done) > 0);
	assert_true(done);
	assert_string_equal(got, "x");
}

static void trailers_are_bounded(void **state)
{
	struct http1_length l = {.framing = HTTP1_CHUNKED};
	struct http1_body b;
	struct buf out = {0};
	static char text[10000] = "0\r\n";

	(void)state;
	memset(text + 3, 'x', sizeof(text) - 4);
	http1_body_start(&b, &l, true);
	assert_int_equal(feed(&b, text, 100, &out), -1);
	buf_done(&out);
}

static void a_length_ends_where_it_says(void **state)
{
	struct http1_length l = {.framing = HTTP1_LENGTH, .length = 5};
	struct http1_body b;
	struct buf out = {0};

	(void)state;
	http1_body_start(&b, &l, true);
	assert_int_equal(feed(&b, "hello, next", 3, &out), 5);
	assert_true(http1_body_is_done(&b));
	buf_done(&out);
}

static void an_early_end_is_seen(void **state)
{
	struct http1_length l = {.framing = HTTP1_LENGTH, .length = 5};
	struct http1_length close = {.framing = HTTP1_UNTIL_CLOSE};
	struct http1_body b;

	(void)state;
	http1_body_start(&b, &l, true);
	assert_true(http1_body_at_eof(&b) < 0);
	http1_body_start(&b, &close, false);
	assert_int_equal(http1_body_at_eof(&b), 0);
	assert_true(http1_body_is_done(&b));
}

static void what_is_put_as_chunks_can_be_read_back(void **state)
{
	struct http1_piece piece = {.data = (const unsigned char *)"hello", .len = 5};
	struct buf out = {0};
	char got[64];
	bool done;

	(void)state;
	assert_int_equal(http1_body_put(HTTP1_CHUNKED, &out, &piece), 0);
	assert_int_equal(http1_body_put_end(HTTP1_CHUNKED, &out), 0);
	assert_int_equal(buf_add(&out, "", 1), 0);
	assert_true(chunked((const char *)buf_data(&out), true, got, &done) > 0);
	assert_true(done);
	assert_string_equal(got, "hello");
	buf_done(&out);
}

static void trailers_are_collected_for_whom_wants_them(void **state)
{
	static const char text[] = "1\r\nx\r\n0\r\nA: b\r\nC: d\r\n\r\nGET";

	(void)state;
	for (size_t step = 1; step < sizeof(text); step++) {
		struct http1_length l = {.framing = HTTP1_CHUNKED};
		struct http1_body b;
		struct buf out = {0}, lines = {0};

		http1_body_start(&b, &l, true);
		b.trailers = &lines;
		assert_int_equal(feed(&b, text, step, &out), sizeof(text) - 4);
		assert_int_equal(lines.len, 14);
		assert_memory_equal(buf_data(&lines), "A: b\r\nC: d\r\n\r\n", 14);
		buf_done(&out);
		buf_done(&lines);
	}
}

static void trailers_that_are_put_can_be_read_back(void **state)
{
	struct http1_head h = {.n_fields = 1, .fields = {{.name = "A", .value = "b"}}};
	struct buf out = {0};
	char got[64];
	bool done;

	(void)state;
	assert_int_equal(http1_body_put_trailers(&out, &h), 0);
	assert_int_equal(out.len, 11);
	assert_int_equal(buf_add(&out, "", 1), 0);
	assert_string_equal((const char *)buf_data(&out), "0\r\nA: b\r\n\r\n");
	assert_int_equal(chunked((const char *)buf_data(&out), true, got, &done), 11);
	assert_true(done);
	buf_done(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(chunks_are_joined_and_trailers_dropped),
		cmocka_unit_test(what_follows_the_end_is_not_taken),
		cmocka_unit_test(broken_chunks_are_refused),
		cmocka_unit_test(an_answers_extensions_are_dropped),
		cmocka_unit_test(trailers_are_bounded),
		cmocka_unit_test(a_length_ends_where_it_says),
		cmocka_unit_test(an_early_end_is_seen),
		cmocka_unit_test(what_is_put_as_chunks_can_be_read_back),
		cmocka_unit_test(trailers_are_collected_for_whom_wants_them),
		cmocka_unit_test(trailers_that_are_put_can_be_read_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
