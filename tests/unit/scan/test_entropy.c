/* Text that looks random. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "scan/entropy.h"

static bool finds(const unsigned char *text, size_t len, size_t piece, uint64_t *start)
{
	struct entropy s = {0};

	for (size_t i = 0; i < len; i += piece)
		if (entropy_feed(&s, text + i, len - i < piece ? len - i : piece, start))
			return true;
	return false;
}

static void bits_a_character_are_those_of_shannon(void **state)
{
	(void)state;
	assert_int_equal(entropy_of((const unsigned char *)"aaaa", 4), 0);
	assert_int_equal(entropy_of((const unsigned char *)"abab", 4), 1000);
	assert_int_equal(entropy_of((const unsigned char *)"abcd", 4), 2000);
	assert_int_equal(entropy_of((const unsigned char *)"", 0), 0);
}

static void a_random_run_is_found_however_it_is_cut(void **state)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	unsigned char text[1024];
	uint64_t whole = 0, cut = 0;

	(void)state;
	memset(text, ' ', sizeof(text));
	for (size_t i = 300; i < 300 + 2 * ENTROPY_WINDOW; i++)
		text[i] = (unsigned char)digits[i * 37 % 64];
	assert_true(finds(text, sizeof(text), sizeof(text), &whole));
	assert_int_equal(whole, 384);
	for (size_t piece = 1; piece < 200; piece += 7) {
		assert_true(finds(text, sizeof(text), piece, &cut));
		assert_int_equal(cut, whole);
	}
}

static void prose_and_hexadecimal_are_not_random(void **state)
{
	unsigned char text[2048];
	uint64_t start;

	(void)state;
	for (size_t i = 0; i < sizeof(text); i++)
		text[i] = (unsigned char)"0123456789abcdef"[i * 7 % 16];
	assert_false(finds(text, sizeof(text), 100, &start));
	for (size_t i = 0; i < sizeof(text); i++)
		text[i] = (unsigned char)"the quick brown fox jumps over "[i % 31];
	assert_false(finds(text, sizeof(text), 100, &start));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bits_a_character_are_those_of_shannon),
		cmocka_unit_test(a_random_run_is_found_however_it_is_cut),
		cmocka_unit_test(prose_and_hexadecimal_are_not_random),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
