#include "gate/http_body.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct err err;

static int start(struct http_body *b, const char *fields, uint64_t max)
{
	char text[512];
	struct http1_head h;
	const char *why;
	int r;

	snprintf(text, sizeof(text), "POST /x HTTP/1.1\r\n%s\r\n", fields);
	assert_int_equal(
		http1_parse_request((const unsigned char *)text, strlen(text), &h, &why), 0);
	r = http_body_start(b, &h, max, &err);
	http1_head_done(&h);
	return r;
}

/* Gives data in pieces of `step`; the payload's length, or -errno. */
static long feed(struct http_body *b, const void *data, size_t len, size_t step, struct buf *out)
{
	const unsigned char *p = data;
	struct buf in = {0};
	int r = 0;

	for (size_t at = 0; r == 0 && at < len && !http_body_is_whole(b); at += step) {
		assert_int_equal(buf_add(&in, p + at, len - at < step ? len - at : step), 0);
		r = http_body_take(b, &in, out, SIZE_MAX, &err);
	}
	buf_done(&in);
	return r < 0 ? r : (long)out->len;
}

static size_t zip(const void *data, size_t len, unsigned char *out, size_t size)
{
	z_stream z = {0};
	size_t n;

	assert_int_equal(
		deflateInit2(&z, 9, Z_DEFLATED, 16 + MAX_WBITS, 9, Z_DEFAULT_STRATEGY), Z_OK);
	z.next_in = (unsigned char *)(uintptr_t)data;
	z.avail_in = (unsigned int)len;
	z.next_out = out;
	z.avail_out = (unsigned int)size;
	assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
	n = z.total_out;
	deflateEnd(&z);
	return n;
}

static void a_body_comes_out_of_its_framing_however_it_is_cut(void **state)
{
	static const char chunks[] = "3\r\nabc\r\n4\r\ndefg\r\n0\r\n\r\n";

	(void)state;
	for (size_t step = 1; step < 30; step++) {
		struct http_body b;
		struct buf out = {0};

		assert_int_equal(start(&b, "Transfer-Encoding: chunked\r\n", 7), 0);
		assert_int_equal(http_body_length(&b), -1);
		assert_int_equal(feed(&b, chunks, sizeof(chunks) - 1, step, &out), 7);
		assert_memory_equal(buf_data(&out), "abcdefg", 7);
		assert_true(http_body_is_whole(&b));
		http_body_done(&b);
		buf_done(&out);
	}
}

static void gzip_is_unpacked_however_it_is_cut(void **state)
{
	static const char text[] = "0032want 0123456789012345678901234567890123456789\n0000";
	unsigned char zipped[256];
	size_t n = zip(text, sizeof(text) - 1, zipped, sizeof(zipped));
	char fields[128];

	(void)state;
	snprintf(fields, sizeof(fields), "Content-Encoding: gzip\r\nContent-Length: %zu\r\n", n);
	for (size_t step = 1; step <= n; step++) {
		struct http_body b;
		struct buf out = {0};

		assert_int_equal(start(&b, fields, 1000), 0);
		assert_int_equal(http_body_length(&b), -1);
		assert_int_equal(feed(&b, zipped, n, step, &out), sizeof(text) - 1);
		assert_memory_equal(buf_data(&out), text, sizeof(text) - 1);
		assert_true(http_body_is_whole(&b));
		http_body_done(&b);
		buf_done(&out);
	}
}

static void a_bomb_is_refused_before_it_has_burst(void **state)
{
	static unsigned char zeros[8 << 20], zipped[64 << 10];
	size_t n = zip(zeros, sizeof(zeros), zipped, sizeof(zipped));
	struct http_body b;
	struct buf out = {0};
	char fields[128];

	(void)state;
	snprintf(fields, sizeof(fields), "Content-Encoding: gzip\r\nContent-Length: %zu\r\n", n);
	assert_int_equal(start(&b, fields, UINT64_MAX), 0);
	assert_int_equal(feed(&b, zipped, n, n, &out), -EFBIG);
	assert_true(out.len < 2 << 20);
	http_body_done(&b);
	buf_done(&out);
}

static void broken_gzip_is_refused(void **state)
{
	unsigned char zipped[128];
	size_t n = zip("hello", 5, zipped, sizeof(zipped));
	struct {
		size_t len, flip;
	} wrong[] = {{n - 1, n}, {n, 0}, {n, n - 1}, {n, n - 5}, {n + 1, n + 1}};

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		unsigned char data[130] = {0};
		struct http_body b;
		struct buf out = {0};
		char fields[128];

		memcpy(data, zipped, n);
		data[wrong[i].flip] ^= 1;
		snprintf(fields, sizeof(fields),
			"Content-Encoding: x-gzip\r\nContent-Length: %zu\r\n", wrong[i].len);
		assert_int_equal(start(&b, fields, 1000), 0);
		assert_int_equal(feed(&b, data, wrong[i].len, 7, &out), -EINVAL);
		http_body_done(&b);
		buf_done(&out);
	}
}

static void a_body_is_bounded(void **state)
{
	struct http_body b;
	struct buf out = {0};

	(void)state;
	assert_int_equal(start(&b, "Content-Length: 11\r\n", 10), -EFBIG);
	http_body_done(&b);
	assert_int_equal(start(&b, "Transfer-Encoding: chunked\r\n", 3), 0);
	assert_int_equal(feed(&b, "4\r\nabcd\r\n", 9, 9, &out), -EFBIG);
	http_body_done(&b);
	buf_done(&out);
}

static void what_two_parsers_could_read_in_two_ways_is_refused(void **state)
{
	struct http_body b;
	struct buf out = {0};

	(void)state;
	assert_int_equal(
		start(&b, "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n", 9), -EINVAL);
	assert_int_equal(
		start(&b, "Content-Encoding: br\r\nContent-Length: 1\r\n", 9), -EMEDIUMTYPE);
	assert_int_equal(
		start(&b, "Content-Encoding: gzip\r\nContent-Encoding: gzip\r\n", 9), -EMEDIUMTYPE);
	assert_int_equal(start(&b, "Transfer-Encoding: chunked\r\n", 9), 0);
	assert_int_equal(feed(&b, "0x1\r\n", 5, 5, &out), -EINVAL);
	http_body_done(&b);
	buf_done(&out);
}

static void a_request_without_a_body_is_whole_at_once(void **state)
{
	struct http_body b;

	(void)state;
	assert_int_equal(start(&b, "", 0), 0);
	assert_true(http_body_is_whole(&b));
	assert_int_equal(http_body_length(&b), 0);
	http_body_done(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_body_comes_out_of_its_framing_however_it_is_cut),
		cmocka_unit_test(gzip_is_unpacked_however_it_is_cut),
		cmocka_unit_test(a_bomb_is_refused_before_it_has_burst),
		cmocka_unit_test(broken_gzip_is_refused),
		cmocka_unit_test(a_body_is_bounded),
		cmocka_unit_test(what_two_parsers_could_read_in_two_ways_is_refused),
		cmocka_unit_test(a_request_without_a_body_is_whole_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
