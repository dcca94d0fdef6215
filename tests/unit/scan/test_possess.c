/* Repeats that cannot give back what they took are made possessive, others are not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/ptr.h"
#include "scan/possess.h"

static void becomes(const char *pattern, const char *expected)
{
	cleanup_pattern struct pattern p = {0};
	cleanup_str struct str s = {0};
	struct err e;

	assert_int_equal(pattern_parse(pattern, &p, &e), 0);
	possess_pattern(&p, &s);
	assert_string_equal(s.s, expected);
}

static void what_ends_with_a_set_takes_all_of_it(void **state)
{
	(void)state;
	becomes("k=[a-z]{3,90};", "k=[a-z]{3,90}+;");
	becomes("([\\w=]{3,9})(?:[\\s;]|$)", "([\\w=]{3,9}+)(?:[\\s;]|$)");
	becomes("a*b?c+[^abc]", "a*+b?+c++[^abc]");
	becomes("(?i)[a-z]+[^A-Z](?:x|[0-9]+y)", "(?i)[a-z]++[^A-Z](?:x|[0-9]++y)");
}

static void what_may_be_needed_is_given_back(void **state)
{
	static const char *const same[] = {"[a-z]{3,90}z", "[a-z]+", "[a-z]+(?:;|$)?", "[a-z]+?;",
		"[a-z]++;", "(?:a+b?)+a", "[a-z]{5};", "(?m)[a-z\\n]+$", "(?i)[a-z]+Q", "a+\\b",
		"\\++\\+", "(x)a+\\1"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(same); i++)
		becomes(same[i], same[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_ends_with_a_set_takes_all_of_it),
		cmocka_unit_test(what_may_be_needed_is_given_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
