#include "egress/aws_chunked.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define SIGNED	 "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"
#define TRAILING "STREAMING-UNSIGNED-PAYLOAD-TRAILER"

/* A head as S3's clients write it. */
static int start(struct aws_chunked *a, struct http1_head *head, struct http1_length *length,
	const char *hash, const char *more)
{
	char text[1024];
	const char *what;

	snprintf(text, sizeof(text),
		"PUT /b/k HTTP/1.1\r\nHost: s3.example.com\r\nContent-Length: 9999\r\n"
		"X-Amz-Content-Sha256: %s\r\n%s\r\n",
		hash, more);
	assert_int_equal(
		http1_parse_request((const unsigned char *)text, strlen(text), head, &what), 0);
	assert_int_equal(http1_request_length(head, length, &what), 0);
	return aws_chunked_start(a, head, length, &what);
}

static void the_head_becomes_that_of_an_ordinary_body(void **state)
{
	struct aws_chunked a;
	struct http1_head head;
	struct http1_length length;

	(void)state;
	assert_int_equal(
		start(&a, &head, &length, TRAILING,
			"Content-Encoding: aws-chunked\r\nX-Amz-Trailer: x-amz-checksum-crc32\r\n"
			"X-Amz-Sdk-Checksum-Algorithm: CRC32\r\n"
			"X-Amz-Decoded-Content-Length: 11\r\n"),
		0);
	assert_true(a.active);
	assert_int_equal(length.length, 11);
	assert_int_equal(head.n_fields, 3);
	assert_string_equal(http1_field(&head, "X-Amz-Content-Sha256", NULL), "UNSIGNED-PAYLOAD");
	http1_head_done(&head);
	aws_chunked_done(&a);
}

static void other_codings_stay(void **state)
{
	static const char *const lists[] = {
		"aws-chunked, gzip", "gzip, aws-chunked", "gzip,aws-chunked", "gzip"};
	struct aws_chunked a;
	struct http1_head head;
	struct http1_length length;

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		char more[128];

		snprintf(more, sizeof(more),
			"Content-Encoding: %s\r\nX-Amz-Decoded-Content-Length: 1\r\n", lists[i]);
		assert_int_equal(start(&a, &head, &length, SIGNED, more), 0);
		assert_string_equal(http1_field(&head, "Content-Encoding", NULL), "gzip");
		http1_head_done(&head);
	}
}

static void what_is_not_in_frames_stays_as_it_is(void **state)
{
	struct http1_piece in = {.data = (const unsigned char *)"abc", .len = 3}, out;
	struct aws_chunked a;
	struct http1_head head;
	struct http1_length length;

	(void)state;
	assert_int_equal(start(&a, &head, &length, "UNSIGNED-PAYLOAD", ""), 0);
	assert_false(a.active);
	assert_int_equal(length.length, 9999);
	assert_int_equal(aws_chunked_take(&a, &in, &out), 0);
	assert_int_equal(out.len, 3);
	assert_int_equal(aws_chunked_end(&a), 0);
	http1_head_done(&head);
	assert_true(start(&a, &head, &length, SIGNED, "") < 0);
	http1_head_done(&head);
}

/* In pieces of at most `most`; what comes out into ret. 0 or what failed. */
static int pass(const char *text, const char *announced, size_t most, char *ret)
{
	struct aws_chunked a;
	struct http1_head head;
	struct http1_length length;
	struct http1_piece out;
	char more[128];
	size_t got = 0, len = strlen(text);
	int r;

	snprintf(more, sizeof(more), "X-Amz-Decoded-Content-Length: %s\r\n", announced);
	r = start(&a, &head, &length, SIGNED, more);
	for (size_t at = 0; at < len && r == 0;) {
		size_t n = len - at < most ? len - at : most;
		const struct http1_piece in = {.data = (const unsigned char *)text + at, .len = n};

		r = aws_chunked_take(&a, &in, &out);
		if (r == 0 && out.len > 0)
			memcpy(ret + got, out.data, out.len);
		got += r == 0 ? out.len : 0;
		at += n;
	}
	ret[got] = '\0';
	if (r == 0)
		r = aws_chunked_end(&a);
	http1_head_done(&head);
	aws_chunked_done(&a);
	return r;
}

static void frames_are_taken_off_however_they_are_cut(void **state)
{
	static const char text[] = "6;chunk-signature=0123456789abcdef\r\nhello \r\n"
				   "5;chunk-signature=0123456789abcdef\r\nworld\r\n"
				   "0;chunk-signature=0123456789abcdef\r\n"
				   "x-amz-checksum-crc32:AAAA\r\n\r\n";
	char got[64];

	(void)state;
	for (size_t most = 1; most < sizeof(text); most++) {
		assert_int_equal(pass(text, "11", most, got), 0);
		assert_string_equal(got, "hello world");
	}
	assert_int_equal(pass(text, "12", 100, got), -EPROTO);
	assert_int_equal(pass(text, "10", 100, got), -EPROTO);
	assert_int_equal(pass("6\r\nhello ", "6", 100, got), -EPROTO);
	assert_int_equal(pass("hello", "5", 100, got), -EPROTO);
	assert_int_equal(pass("1\r\nx\r\n0\r\n\r\nmore", "1", 100, got), -EPROTO);
	assert_int_equal(pass("0\r\n\r\n", "0", 2, got), 0);
}

/* A long upload has more signatures than any one line may have bytes. */
static void a_long_body_may_have_many_signatures(void **state)
{
	static const char chunk[] = "1;chunk-signature=0123456789abcdef\r\nx\r\n";
	size_t n = 2000, len = strlen(chunk);
	char *text = malloc(n * len + 16), *got = malloc(n + 1);

	(void)state;
	assert_non_null(text);
	assert_non_null(got);
	for (size_t i = 0; i < n; i++)
		memcpy(text + i * len, chunk, len);
	memcpy(text + n * len, "0\r\n\r\n", 6);
	assert_int_equal(pass(text, "2000", 1000, got), 0);
	assert_int_equal(strlen(got), n);
	free(text);
	free(got);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_head_becomes_that_of_an_ordinary_body),
		cmocka_unit_test(other_codings_stay),
		cmocka_unit_test(what_is_not_in_frames_stays_as_it_is),
		cmocka_unit_test(frames_are_taken_off_however_they_are_cut),
		cmocka_unit_test(a_long_body_may_have_many_signatures),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
