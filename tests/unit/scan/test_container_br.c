#include "tests/unit/scan/containers.h"

#include <brotli/encode.h>

static void add_br(struct str *s, const char *text, size_t len)
{
	size_t n = BrotliEncoderMaxCompressedSize(len) + 16;
	cleanup_free unsigned char *out = malloc(n);

	assert_non_null(out);
	assert_true(BrotliEncoderCompress(5, BROTLI_DEFAULT_WINDOW, BROTLI_MODE_TEXT, len,
		(const unsigned char *)text, &n, out));
	str_add_bytes(s, out, n);
}

static void a_text_comes_out_as_it_went_in(void **state)
{
	static const size_t lengths[] = {0, 1, 100, 30000, 500000};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(lengths); i++) {
		struct str text = {0}, in = {0};
		cleanup_free char *found = NULL;
		size_t len;

		containers_add_text(&text, lengths[i]);
		add_br(&in, text.s, text.len);
		found = containers_read(CONTAINER_BR, NULL, &in, &len);
		assert_int_equal(len, text.len + 3);
		assert_memory_equal(found + 2, text.s, text.len);
		str_done(&text);
		str_done(&in);
	}
}

static void what_follows_is_a_member_of_its_own(void **state)
{
	struct str in = {0};

	(void)state;
	add_br(&in, "text", 4);
	str_add(&in, "behind");
	containers_expect(CONTAINER_BR, NULL, &in, "[]text;[=]behind;");
}

static void a_text_that_is_cut_off_is_broken_and_read_as_far(void **state)
{
	struct str in = {0}, text = {0};
	cleanup_free char *found = NULL;

	(void)state;
	containers_add_text(&text, 20000);
	add_br(&in, text.s, text.len);
	in.len = in.len / 2;
	found = containers_read(CONTAINER_BR, NULL, &in, NULL);
	assert_non_null(strstr(found, ";!it ends in the middle"));
	assert_true(strlen(found) > 5000);
	assert_memory_equal(found + 2, text.s, 5000);
	str_done(&in);
	str_done(&text);
}

/* As far as it goes without its end: on a byte's boundary. */
static void add_begun(struct str *s, const char *text, size_t len)
{
	size_t room = BrotliEncoderMaxCompressedSize(len) + 16, left = room;
	cleanup_free unsigned char *out = malloc(room);
	const unsigned char *in = (const unsigned char *)text;
	unsigned char *to = out;
	BrotliEncoderState *b = BrotliEncoderCreateInstance(NULL, NULL, NULL);

	assert_true(out && b);
	assert_true(BrotliEncoderCompressStream(
		b, BROTLI_OPERATION_FLUSH, &len, &in, &left, &to, NULL));
	assert_int_equal(len, 0);
	str_add_bytes(s, out, room - left);
	BrotliEncoderDestroyInstance(b);
}

static void what_is_broken_is_read_up_to_its_block(void **state)
{
	struct str in = {0}, text = {0};
	cleanup_free char *found = NULL;
	size_t lost;

	(void)state;
	containers_add_text(&text, 100000);
	add_begun(&in, text.s, text.len);
	/* A metablock with the reserved bit set (RFC 7932, 9.2). */
	str_add_char(&in, 0x0e);
	found = containers_read(CONTAINER_BR, NULL, &in, NULL);
	assert_non_null(strstr(found, ";!broken brotli data"));
	lost = text.len - (strlen(found) - strlen("[];!broken brotli data"));
	assert_true(lost < 20000);
	str_done(&in);
	str_done(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_text_comes_out_as_it_went_in),
		cmocka_unit_test(what_follows_is_a_member_of_its_own),
		cmocka_unit_test(a_text_that_is_cut_off_is_broken_and_read_as_far),
		cmocka_unit_test(what_is_broken_is_read_up_to_its_block),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
