#include "base/str.h"

#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/ptr.h"

static void a_string_grows_and_always_ends(void **state)
{
	cleanup_str struct str s = {0};

	(void)state;
	for (int i = 0; i < 1000; i++)
		str_addf(&s, "%d,", i % 10);
	str_add_char(&s, '!');
	assert_int_equal(s.len, 2001);
	assert_int_equal(strlen(s.s), 2001);
	assert_false(s.failed);
}

static void taking_nothing_is_the_empty_string(void **state)
{
	struct str s = {0};
	cleanup_free char *taken = str_take(&s);

	(void)state;
	assert_string_equal(taken, "");
	assert_null(s.s);
}

static void a_string_that_failed_is_never_handed_on(void **state)
{
	struct str s = {0};

	(void)state;
	str_add(&s, "half of it");
	s.failed = true;
	str_add(&s, " and the rest");
	assert_null(str_take(&s));
}

static void only_whole_decimal_numbers_in_range_are_numbers(void **state)
{
	static const char *const bad[] = {
		"", " 1", "1 ", "+1", "0x10", "1e3", "99999999999999999999", "-", "6"};
	long v = 7;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_false(str_to_long(bad[i], -5, 5, &v));
	assert_int_equal(v, 7);
	assert_true(str_to_long("-5", -5, 5, &v));
	assert_int_equal(v, -5);
	assert_false(str_to_long(NULL, LONG_MIN, LONG_MAX, &v));
}

static void a_variable_is_replaced_where_it_stood(void **state)
{
	cleanup_strv char **env = NULL;

	(void)state;
	assert_int_equal(env_set(&env, "A", "1"), 0);
	assert_int_equal(env_set(&env, "AB", "2"), 0);
	assert_int_equal(env_set(&env, "A", "3"), 0);
	assert_int_equal(strv_len(env), 2);
	assert_string_equal(env_get(env, "A"), "3");
	assert_string_equal(env_get(env, "AB"), "2");
	assert_null(env_get(env, "B"));
}

static void removing_a_variable_removes_every_entry(void **state)
{
	cleanup_strv char **env = NULL;

	(void)state;
	strv_add(&env, "A=1");
	strv_add(&env, "B=2");
	strv_add(&env, "A=3");
	env_unset(env, "A");
	assert_int_equal(strv_len(env), 1);
	assert_string_equal(env[0], "B=2");
}

static void a_list_is_copied_whole(void **state)
{
	cleanup_strv char **a = NULL, **b = NULL;

	(void)state;
	strv_add(&a, "x");
	strv_add(&a, "y");
	b = strv_copy(a);
	assert_true(strv_has(b, "y"));
	assert_false(strv_has(b, "z"));
	assert_ptr_not_equal(a[0], b[0]);
	assert_null(strv_copy(NULL));
}

static void beginnings_and_ends_are_compared_exactly(void **state)
{
	(void)state;
	assert_true(str_starts("egress", "eg"));
	assert_false(str_starts("eg", "egress"));
	assert_true(str_ends("a.example.com", ".example.com"));
	assert_false(str_ends("m", ".com"));
	assert_false(str_eq(NULL, NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_string_grows_and_always_ends),
		cmocka_unit_test(taking_nothing_is_the_empty_string),
		cmocka_unit_test(a_string_that_failed_is_never_handed_on),
		cmocka_unit_test(only_whole_decimal_numbers_in_range_are_numbers),
		cmocka_unit_test(a_variable_is_replaced_where_it_stood),
		cmocka_unit_test(removing_a_variable_removes_every_entry),
		cmocka_unit_test(a_list_is_copied_whole),
		cmocka_unit_test(beginnings_and_ends_are_compared_exactly),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
