/* Lines of a stream. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "scan/lines.h"

static void a_place_has_the_line_that_counting_says(void **state)
{
	static unsigned char text[200000];
	struct lines *whole = calloc(1, sizeof(*whole)), *cut = calloc(1, sizeof(*cut));
	unsigned int seed = 7;
	size_t line = 1;

	(void)state;
	assert_non_null(whole);
	assert_non_null(cut);
	for (size_t i = 0; i < sizeof(text); i++)
		text[i] = rand_r(&seed) % 30 ? 'x' : '\n';
	lines_feed(whole, text, sizeof(text));
	for (size_t i = 0, n; i < sizeof(text); i += n) {
		n = 1 + (size_t)rand_r(&seed) % 150;
		n = n < sizeof(text) - i ? n : sizeof(text) - i;
		lines_feed(cut, text + i, n);
	}
	for (size_t i = 0; i < sizeof(text); i++) {
		if (sizeof(text) - i <= LINES_BACK - 64) {
			assert_int_equal(lines_of(whole, i), line);
			assert_int_equal(lines_of(cut, i), line);
		}
		line += text[i] == '\n';
	}
	free(whole);
	free(cut);
}

static void what_is_too_far_back_or_not_there_has_no_line(void **state)
{
	static unsigned char text[LINES_BACK + 100];
	struct lines *l = calloc(1, sizeof(*l));

	(void)state;
	assert_non_null(l);
	lines_feed(l, text, sizeof(text));
	assert_int_equal(lines_of(l, 0), 0);
	assert_int_equal(lines_of(l, sizeof(text)), 0);
	assert_int_equal(lines_of(l, sizeof(text) - 1), 1);
	lines_reset(l);
	assert_int_equal(lines_of(l, 0), 0);
	free(l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_place_has_the_line_that_counting_says),
		cmocka_unit_test(what_is_too_far_back_or_not_there_has_no_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
