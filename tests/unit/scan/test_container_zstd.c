#include "tests/unit/scan/containers.h"

#include <zstd.h>

static void add_frame(struct str *s, const char *text, size_t len, int window_log)
{
	size_t n = ZSTD_compressBound(len);
	cleanup_free char *out = malloc(n);
	ZSTD_CCtx *c = ZSTD_createCCtx();

	assert_true(out && c);
	ZSTD_CCtx_setParameter(c, ZSTD_c_checksumFlag, 1);
	if (window_log) {
		/* Without the size, which would do as the window's. */
		ZSTD_CCtx_setParameter(c, ZSTD_c_contentSizeFlag, 0);
		ZSTD_CCtx_setParameter(c, ZSTD_c_windowLog, window_log);
		ZSTD_inBuffer in = {text, len, 0};
		ZSTD_outBuffer to = {out, n, 0};

		assert_int_not_equal(ZSTD_compressStream2(c, &to, &in, ZSTD_e_flush), 1);
		assert_int_equal(ZSTD_compressStream2(c, &to, &in, ZSTD_e_end), 0);
		n = to.pos;
	} else {
		n = ZSTD_compress2(c, out, n, text, len);
	}
	assert_false(ZSTD_isError(n));
	str_add_bytes(s, out, n);
	ZSTD_freeCCtx(c);
}

static void add_skippable(struct str *s, const char *text)
{
	containers_add_le(s, 0x184d2a53, 4);
	containers_add_le(s, strlen(text), 4);
	str_add(s, text);
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
		add_frame(&in, text.s, text.len, 0);
		found = containers_read(CONTAINER_ZSTD, NULL, &in, &len);
		assert_int_equal(len, text.len + 3);
		assert_memory_equal(found + 2, text.s, text.len);
		str_done(&text);
		str_done(&in);
	}
}

static void frames_in_a_row_say_one_text_and_skippable_ones_another(void **state)
{
	struct str in = {0};

	(void)state;
	add_skippable(&in, "hidden in front of it");
	add_frame(&in, "one half and ", 13, 0);
	add_skippable(&in, "short");
	add_skippable(&in, "hidden between both halves");
	add_frame(&in, "the other", 9, 0);
	str_add(&in, "behind");
	containers_expect(CONTAINER_ZSTD, NULL, &in,
		"[]one half and the other;[=]behind;[=]hidden in front of ithidden between both "
		"halves;");
}

static void a_window_beyond_bounds_is_told(void **state)
{
	struct str in = {0}, text = {0};
	cleanup_free char *found = NULL;

	(void)state;
	containers_add_text(&text, 1000);
	add_frame(&in, text.s, text.len, 23);
	found = containers_read(CONTAINER_ZSTD, NULL, &in, NULL);
	assert_null(strchr(found, '!'));
	in.len = 0;
	add_frame(&in, text.s, text.len, 24);
	containers_expect(CONTAINER_ZSTD, NULL, &in, "[];!a zstd window of more than 8 MiB");
	str_done(&text);
}

static void a_text_that_is_cut_off_is_broken_and_read_as_far(void **state)
{
	struct str in = {0}, text = {0};
	cleanup_free char *found = NULL;

	(void)state;
	containers_add_text(&text, 500000);
	add_frame(&in, text.s, text.len, 0);
	in.len = in.len * 3 / 4;
	found = containers_read(CONTAINER_ZSTD, NULL, &in, NULL);
	assert_non_null(strstr(found, ";!it ends in the middle"));
	assert_true(strlen(found) > 128 << 10);
	assert_memory_equal(found + 2, text.s, 128 << 10);
	str_done(&in);
	str_done(&text);
}

static void a_damaged_text_is_broken(void **state)
{
	struct str in = {0}, text = {0};

	(void)state;
	containers_add_text(&text, 40000);
	for (size_t i = 0; i < 40; i++) {
		cleanup_free char *found = NULL;

		in.len = 0;
		add_frame(&in, text.s, text.len, 0);
		in.s[20 + next_random() % (in.len - 20)] ^= (char)(1 + next_random() % 255);
		found = containers_read(CONTAINER_ZSTD, NULL, &in, NULL);
		assert_non_null(strchr(found, '!'));
	}
	str_done(&in);
	str_done(&text);
}

static void no_zstd_is_said_to_be_none(void **state)
{
	struct str in = {0};

	(void)state;
	str_add(&in, "plain text");
	containers_expect(CONTAINER_ZSTD, NULL, &in, "!no zstd frame");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_text_comes_out_as_it_went_in),
		cmocka_unit_test(frames_in_a_row_say_one_text_and_skippable_ones_another),
		cmocka_unit_test(a_window_beyond_bounds_is_told),
		cmocka_unit_test(a_text_that_is_cut_off_is_broken_and_read_as_far),
		cmocka_unit_test(a_damaged_text_is_broken),
		cmocka_unit_test(no_zstd_is_said_to_be_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
