#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/ptr.h"
#include "base/ranges.h"

static unsigned int count(const struct ranges *r)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < RANGES_BITS; i++)
		n += ranges_has(r, i);
	return n;
}

static void numbers_and_ranges_make_one_set(void **state)
{
	struct ranges r;
	struct err e;

	(void)state;
	assert_int_equal(ranges_parse("0-3,7", &r, &e), 0);
	assert_true(r.present);
	assert_int_equal(count(&r), 5);
	assert_true(ranges_has(&r, 0) && ranges_has(&r, 3) && ranges_has(&r, 7));
	assert_false(ranges_has(&r, 4));
	assert_int_equal(r.words[0], 0x8f);
}

static void blanks_and_empty_elements_are_let_through(void **state)
{
	struct ranges r;
	struct err e;

	(void)state;
	assert_int_equal(ranges_parse(" 1 , 3 - 4 ,, 63,64,", &r, &e), 0);
	assert_int_equal(count(&r), 5);
	assert_true(ranges_has(&r, 63) && ranges_has(&r, 64));
}

static void an_empty_text_is_an_absent_set(void **state)
{
	struct ranges r = {.present = true};
	struct err e;

	(void)state;
	assert_int_equal(ranges_parse("", &r, &e), 0);
	assert_false(r.present);
	assert_int_equal(count(&r), 0);
}

static void the_largest_number_is_the_last_bit(void **state)
{
	struct ranges r;
	struct err e;

	(void)state;
	assert_int_equal(ranges_parse("0-1023", &r, &e), 0);
	assert_int_equal(count(&r), RANGES_BITS);
	assert_false(ranges_has(&r, RANGES_BITS));
	assert_int_equal(ranges_parse("1024", &r, &e), -ERANGE);
	assert_int_equal(ranges_parse("0-18446744073709551616", &r, &e), -ERANGE);
	assert_non_null(strstr(e.msg, "1023"));
}

static void what_is_no_list_is_refused(void **state)
{
	static const char *const bad[] = {
		",", " ", "a", "1-", "-1", "3-1", "1 2", "1-2-3", "0x1", "1.5", "1;2", "+1"};
	struct ranges r;
	struct err e;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_int_equal(ranges_parse(bad[i], &r, &e), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_and_ranges_make_one_set),
		cmocka_unit_test(blanks_and_empty_elements_are_let_through),
		cmocka_unit_test(an_empty_text_is_an_absent_set),
		cmocka_unit_test(the_largest_number_is_the_last_bit),
		cmocka_unit_test(what_is_no_list_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
