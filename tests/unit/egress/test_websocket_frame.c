#include "egress/websocket_frame.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define BYTES(...) (const unsigned char[]){__VA_ARGS__}, sizeof((unsigned char[]){__VA_ARGS__})

static void is_refused(const unsigned char *p, size_t len)
{
	struct websocket_frame f;
	const char *why = NULL;

	assert_int_equal(websocket_frame_parse(p, len, &f, &why), -EPROTO);
	assert_non_null(why);
}

static void what_is_reserved_is_refused(void **state)
{
	(void)state;
	is_refused(BYTES(0xa1, 0));
	is_refused(BYTES(0x91, 0));
	is_refused(BYTES(0x83, 0));
	is_refused(BYTES(0x8b, 0));
	is_refused(BYTES(0xc0, 0));
}

static void a_control_frame_is_one_short_frame(void **state)
{
	(void)state;
	is_refused(BYTES(0x09, 0));
	is_refused(BYTES(0xc9, 0));
	is_refused(BYTES(0x89, 126, 0, 126));
	is_refused(BYTES(0x88, 127, 0, 0, 0, 0, 0, 1, 0, 0));
}

static void a_length_has_one_spelling(void **state)
{
	(void)state;
	is_refused(BYTES(0x81, 126, 0, 125));
	is_refused(BYTES(0x81, 127, 0, 0, 0, 0, 0, 0, 0xff, 0xff));
	is_refused(BYTES(0x81, 127, 0x80, 0, 0, 0, 0, 0, 0, 0));
}

static void a_head_that_is_not_all_there_waits(void **state)
{
	static const unsigned char head[] = {
		0x82, 0xff, 0, 0, 0, 0, 0, 1, 0, 0, 0xde, 0xad, 0xbe, 0xef};
	struct websocket_frame f;
	const char *why;

	(void)state;
	for (size_t n = 0; n < sizeof(head); n++)
		assert_int_equal(websocket_frame_parse(head, n, &f, &why), 0);
	assert_int_equal(websocket_frame_parse(head, sizeof(head), &f, &why), sizeof(head));
	assert_true(f.final && f.masked && !f.compressed);
	assert_int_equal(f.opcode, WEBSOCKET_BINARY);
	assert_int_equal(f.length, 65536);
}

static void what_is_written_is_read_again(void **state)
{
	static const uint64_t lengths[] = {0, 1, 125, 126, 65535, 65536, INT64_MAX};

	(void)state;
	for (size_t i = 0; i < sizeof(lengths) / sizeof(*lengths); i++) {
		struct websocket_frame f = {.opcode = WEBSOCKET_TEXT,
			.final = i % 2,
			.masked = i % 3,
			.mask = {1, 2, 3, 4},
			.length = lengths[i]};
		struct websocket_frame got;
		unsigned char head[WEBSOCKET_HEAD_MAX];
		size_t n = websocket_frame_write(&f, head);
		const char *why;

		assert_int_equal(websocket_frame_parse(head, n, &got, &why), n);
		assert_int_equal(got.length, f.length);
		assert_int_equal(got.final, f.final);
		assert_int_equal(got.masked, f.masked);
	}
}

static void a_mask_goes_on_wherever_a_payload_is_cut(void **state)
{
	static const unsigned char mask[4] = {0x12, 0x34, 0x56, 0x78};
	unsigned char whole[64] = {0}, cut[64] = {0};

	(void)state;
	websocket_mask(whole, sizeof(whole), mask, 0);
	for (size_t i = 0; i < sizeof(whole); i++)
		assert_int_equal(whole[i], mask[i % 4]);
	for (size_t at = 0, n = 1; at < sizeof(cut); at += n, n = n % 13 + 1) {
		n = n < sizeof(cut) - at ? n : sizeof(cut) - at;
		websocket_mask(cut + at, n, mask, at);
	}
	assert_memory_equal(whole, cut, sizeof(whole));
}

static bool is_close(const void *p, size_t len)
{
	unsigned int code;
	const char *why;

	return websocket_close_parse(p, len, &code, &why) == 0;
}

static void a_close_has_a_code_that_may_be_sent_and_a_reason_of_text(void **state)
{
	(void)state;
	assert_true(is_close("", 0));
	assert_true(is_close("\x03\xe8", 2));
	assert_true(is_close("\x0f\xa0weg", 5));
	assert_false(is_close("\x03", 1));
	assert_false(is_close("\x03\xed", 2)); /* 1005 */
	assert_false(is_close("\x03\xee", 2)); /* 1006 */
	assert_false(is_close("\x00\x01", 2));
	assert_false(is_close("\x13\x88", 2)); /* 5000 */
	assert_false(is_close("\x03\xe8\xff", 3));
	assert_false(is_close("\x03\xe8\xc3", 3));
}

/* Whether it is UTF-8, in pieces of one byte and at once. */
static bool is_utf8(const char *text)
{
	struct websocket_utf8 u = {0}, v = {0};
	const unsigned char *p = (const unsigned char *)text;
	bool one = websocket_utf8_take(&u, p, strlen(text)) && u.left == 0, other = true;

	for (; *p && other; p++)
		other = websocket_utf8_take(&v, p, 1);
	assert_int_equal(one, other && v.left == 0);
	return one;
}

static void utf8_has_one_spelling_for_each_character(void **state)
{
	(void)state;
	assert_true(is_utf8("plain"));
	assert_true(is_utf8("\xc3\xbc \xe2\x82\xac \xf0\x9f\x8d\xbe"));
	assert_true(is_utf8("\xf4\x8f\xbf\xbf"));
	assert_false(is_utf8("\x80"));
	assert_false(is_utf8("\xc0\xaf"));
	assert_false(is_utf8("\xe0\x9f\xbf"));
	assert_false(is_utf8("\xed\xa0\x80"));
	assert_false(is_utf8("\xf0\x8f\xbf\xbf"));
	assert_false(is_utf8("\xf4\x90\x80\x80"));
	assert_false(is_utf8("\xf5\x80\x80\x80"));
	assert_false(is_utf8("\xe2\x82"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_reserved_is_refused),
		cmocka_unit_test(a_control_frame_is_one_short_frame),
		cmocka_unit_test(a_length_has_one_spelling),
		cmocka_unit_test(a_head_that_is_not_all_there_waits),
		cmocka_unit_test(what_is_written_is_read_again),
		cmocka_unit_test(a_mask_goes_on_wherever_a_payload_is_cut),
		cmocka_unit_test(a_close_has_a_code_that_may_be_sent_and_a_reason_of_text),
		cmocka_unit_test(utf8_has_one_spelling_for_each_character),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
