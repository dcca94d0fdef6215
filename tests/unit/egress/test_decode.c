#include "egress/decode.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <brotli/encode.h>
#include <cmocka.h>
#include <zlib.h>
#include <zstd.h>

#define TEXT_MAX (4U << 20)

/* ---- what servers do */

static size_t zlib_coded(int window, const void *text, size_t len, unsigned char *out)
{
	z_stream z = {.next_in = (unsigned char *)(uintptr_t)text,
		.avail_in = (unsigned int)len,
		.next_out = out,
		.avail_out = TEXT_MAX};

	assert_int_equal(deflateInit2(&z, 6, Z_DEFLATED, window, 8, Z_DEFAULT_STRATEGY), Z_OK);
	assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
	deflateEnd(&z);
	return TEXT_MAX - z.avail_out;
}

static size_t coded(const char *coding, const void *text, size_t len, unsigned char *out)
{
	size_t n = TEXT_MAX;

	if (strcmp(coding, "gzip") == 0)
		return zlib_coded(31, text, len, out);
	if (strcmp(coding, "deflate") == 0)
		return zlib_coded(15, text, len, out);
	if (strcmp(coding, "bare deflate") == 0)
		return zlib_coded(-15, text, len, out);
	if (strcmp(coding, "zstd") == 0)
		return ZSTD_compress(out, TEXT_MAX, text, len, 3);
	assert_true(BrotliEncoderCompress(4, 22, BROTLI_MODE_TEXT, len, text, &n, out));
	return n;
}

static const char *const codings[] = {"gzip", "deflate", "bare deflate", "br", "zstd"};

/* ---- through */

static void open_head(struct http1_head *head, const char *coding)
{
	char text[256];
	const char *what;

	snprintf(text, sizeof(text),
		"HTTP/1.1 200 OK\r\nContent-Encoding: %s\r\nContent-MD5: x\r\nA: b\r\n\r\n",
		strstr(coding, "deflate") ? "deflate" : coding);
	assert_int_equal(
		http1_parse_response((const unsigned char *)text, strlen(text), head, &what), 0);
}

static struct decode *opened(const char *coding)
{
	struct http1_head head;
	struct decode *d;

	open_head(&head, coding);
	assert_true(decode_wanted(&head));
	assert_int_equal(decode_new(&head, 200, &d), 0);
	http1_head_done(&head);
	return d;
}

/* In pieces of at most `most`. 0, or what failed; *ret_len: what came out until then. */
static int pass(struct decode *d, const unsigned char *in, size_t len, size_t most, char *out,
	size_t *ret_len)
{
	struct http1_piece piece;
	int r = 0;

	*ret_len = 0;
	for (size_t at = 0; at < len && r == 0;) {
		size_t n = 1 + (size_t)rand() % most;

		n = n < len - at ? n : len - at;
		assert_int_equal(
			decode_feed(d, &(struct http1_piece){.data = in + at, .len = n}), 0);
		at += n;
		while ((r = decode_take(d, &piece)) > 0) {
			assert_true(piece.len > 0 && *ret_len + piece.len <= TEXT_MAX);
			memcpy(out + *ret_len, piece.data, piece.len);
			*ret_len += piece.len;
		}
	}
	return r;
}

static char *text_of(size_t len)
{
	char *text = malloc(len);

	assert_non_null(text);
	for (size_t i = 0; i < len; i++)
		text[i] = "abcdefgh \n"[rand() % 10];
	return text;
}

static unsigned char *room(void)
{
	unsigned char *p = malloc(TEXT_MAX);

	assert_non_null(p);
	return p;
}

static void each_coding_is_undone_however_it_is_cut(void **state)
{
	char *text = text_of(200000);
	unsigned char *in = room(), *out = room();

	(void)state;
	for (size_t i = 0; i < sizeof(codings) / sizeof(*codings); i++) {
		size_t len = coded(codings[i], text, 200000, in), got;

		for (size_t most = 1; most < 100000; most = most * 9 + 1) {
			struct decode *d = opened(codings[i]);

			assert_int_equal(pass(d, in, len, most, (char *)out, &got), 0);
			assert_int_equal(got, 200000);
			assert_memory_equal(out, text, got);
			assert_int_equal(decode_end(d), 0);
			decode_free(d);
		}
	}
	free(text);
	free(in);
	free(out);
}

static void codings_on_one_another_are_undone_from_the_last(void **state)
{
	char *text = text_of(50000);
	unsigned char *a = room(), *b = room();
	struct decode *d = opened("br, identity,  gzip");
	size_t len = coded("gzip", b, coded("br", text, 50000, b), a), got;

	(void)state;
	assert_int_equal(pass(d, a, len, 100, (char *)b, &got), 0);
	assert_int_equal(got, 50000);
	assert_memory_equal(b, text, got);
	assert_int_equal(decode_end(d), 0);
	decode_free(d);
	free(text);
	free(a);
	free(b);
}

static void members_in_a_row_are_one_text(void **state)
{
	static const char *const both[] = {"gzip", "zstd"};
	unsigned char *in = room();
	char out[64];

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct decode *d = opened(both[i]);
		size_t len = coded(both[i], "one", 3, in), got;

		len += coded(both[i], "two", 3, in + len);
		assert_int_equal(pass(d, in, len, 5, out, &got), 0);
		assert_int_equal(got, 6);
		assert_memory_equal(out, "onetwo", 6);
		decode_free(d);
	}
	free(in);
}

/* Frames that say nothing, in front of one that does. */
static void an_empty_frame_holds_nothing_up(void **state)
{
	unsigned char *in = room();
	struct decode *d = opened("zstd");
	size_t len = coded("zstd", "", 0, in), got;
	struct http1_piece piece;
	char out[64];

	(void)state;
	len += coded("zstd", "", 0, in + len);
	len += coded("zstd", "event", 5, in + len);
	assert_int_equal(pass(d, in, len, 1, out, &got), 0);
	assert_int_equal(got, 5);
	decode_free(d);
	d = opened("zstd");
	assert_int_equal(decode_feed(d, &(struct http1_piece){.data = in, .len = len}), 0);
	assert_int_equal(decode_take(d, &piece), 1);
	assert_int_equal(piece.len, 5);
	decode_free(d);
	free(in);
}

static void what_was_flushed_comes_out_at_once(void **state)
{
	unsigned char coded_text[256];
	z_stream z = {.next_in = (unsigned char *)(uintptr_t) "event", .avail_in = 5};
	struct decode *d = opened("gzip");
	char out[64];
	size_t got;

	(void)state;
	z.next_out = coded_text;
	z.avail_out = sizeof(coded_text);
	assert_int_equal(deflateInit2(&z, 6, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY), Z_OK);
	assert_int_equal(deflate(&z, Z_SYNC_FLUSH), Z_OK);
	assert_int_equal(pass(d, coded_text, sizeof(coded_text) - z.avail_out, 500, out, &got), 0);
	assert_int_equal(got, 5);
	assert_int_equal(decode_end(d), -EBADMSG);
	deflateEnd(&z);
	decode_free(d);
}

static void what_ends_too_early_is_broken(void **state)
{
	char *text = text_of(20000), *out = (char *)room();
	unsigned char *in = room();

	(void)state;
	for (size_t i = 0; i < sizeof(codings) / sizeof(*codings); i++) {
		struct decode *d = opened(codings[i]);
		size_t len = coded(codings[i], text, 20000, in), got;

		assert_int_equal(pass(d, in, len - 1, 1000, out, &got), 0);
		assert_int_equal(decode_end(d), -EBADMSG);
		decode_free(d);
		d = opened(codings[i]);
		memset(in, 0xa5, 64);
		assert_true(pass(d, in, len, 1000, out, &got) < 0);
		decode_free(d);
	}
	free(text);
	free(out);
	free(in);
}

static void a_bomb_is_broken(void **state)
{
	unsigned char *in = room();
	char *zeros = calloc(1, TEXT_MAX), *out = (char *)room();
	size_t got;

	(void)state;
	assert_non_null(zeros);
	for (size_t i = 0; i < sizeof(codings) / sizeof(*codings); i++) {
		struct decode *d = opened(codings[i]);
		size_t len = coded(codings[i], zeros, TEXT_MAX, in);

		assert_int_equal(pass(d, in, len, len, out, &got), -EBADMSG);
		assert_true(got <= (1U << 20));
		decode_free(d);
	}
	free(in);
	free(zeros);
	free(out);
}

static void an_unknown_coding_is_told(void **state)
{
	struct http1_head head;
	struct decode *d;

	(void)state;
	open_head(&head, "compress");
	assert_int_equal(decode_new(&head, 200, &d), -ENOTSUP);
	http1_head_done(&head);
	open_head(&head, "gzip,gzip,gzip,gzip,gzip");
	assert_int_equal(decode_new(&head, 200, &d), -ENOTSUP);
	http1_head_done(&head);
	open_head(&head, "identity, Identity");
	assert_false(decode_wanted(&head));
	http1_head_done(&head);
}

static void the_head_says_no_more_what_is_not_true(void **state)
{
	struct http1_head head;

	(void)state;
	open_head(&head, "gzip");
	decode_strip(&head);
	assert_int_equal(head.n_fields, 1);
	assert_string_equal(head.fields[0].name, "A");
	http1_head_done(&head);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_coding_is_undone_however_it_is_cut),
		cmocka_unit_test(codings_on_one_another_are_undone_from_the_last),
		cmocka_unit_test(members_in_a_row_are_one_text),
		cmocka_unit_test(an_empty_frame_holds_nothing_up),
		cmocka_unit_test(what_was_flushed_comes_out_at_once),
		cmocka_unit_test(what_ends_too_early_is_broken),
		cmocka_unit_test(a_bomb_is_broken),
		cmocka_unit_test(an_unknown_coding_is_told),
		cmocka_unit_test(the_head_says_no_more_what_is_not_true),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
