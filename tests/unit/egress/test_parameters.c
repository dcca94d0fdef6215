#include "egress/parameters.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* "name=value|…", with what is ambiguous behind '!'. */
static const char *read_back(const char *text)
{
	static char out[512];
	struct parameters q;
	int n = 0;

	assert_int_equal(parameters_parse(text, &q), 0);
	out[0] = '\0';
	for (size_t i = 0; i < q.n; i++)
		n += snprintf(out + n, sizeof(out) - (size_t)n, "%s%s=%s", i ? "|" : "",
			q.pairs[i].name, q.pairs[i].value);
	if (q.ambiguous)
		snprintf(out + n, sizeof(out) - (size_t)n, "!");
	parameters_done(&q);
	return out;
}

static void parameters_are_decoded(void **state)
{
	(void)state;
	assert_string_equal(read_back(""), "");
	assert_string_equal(read_back("a=1&b=2"), "a=1|b=2");
	assert_string_equal(read_back("a=1=2&&b&=c&"), "a=1=2|b=|=c");
	assert_string_equal(read_back("a+b=%41%2b+%26x"), "a b=A+ &x");
}

static void what_could_be_read_in_two_ways_is_told_and_still_read(void **state)
{
	(void)state;
	assert_string_equal(read_back("a=1;b=2"), "a=1|b=2!");
	assert_string_equal(read_back("a=%&b=2"), "a=%|b=2!");
	assert_string_equal(read_back("a=%zz"), "a=%zz!");
	assert_string_equal(read_back("a=1%2"), "a=1%2!");
	assert_string_equal(read_back("a%00=1"), "a =1!");
	assert_string_equal(read_back("a=%0d%0ab"), "a=\r\nb!");
}

static void too_many_parameters_are_not_read(void **state)
{
	char text[2 * PARAMETERS_MAX + 3];
	struct parameters q;

	(void)state;
	for (size_t i = 0; i < sizeof(text) - 1; i++)
		text[i] = "a&"[i % 2];
	text[sizeof(text) - 1] = '\0';
	assert_int_equal(parameters_parse(text, &q), 0);
	assert_true(q.crowded);
	assert_non_null(q.ambiguous);
	parameters_done(&q);
}

static void names_that_servers_take_for_another_are_alike(void **state)
{
	(void)state;
	assert_true(parameters_alike("a", "a"));
	assert_true(parameters_alike("A", "a"));
	assert_true(parameters_alike(" a ", "a"));
	assert_true(parameters_alike("a[]", "a"));
	assert_true(parameters_alike("a[x][y]", "a"));
	assert_true(parameters_alike("a.b", "a_b"));
	assert_true(parameters_alike("a b", "a_b"));
	assert_false(parameters_alike("ab", "a"));
	assert_false(parameters_alike("", "a"));
	assert_false(parameters_alike("[a]", "a"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parameters_are_decoded),
		cmocka_unit_test(what_could_be_read_in_two_ways_is_told_and_still_read),
		cmocka_unit_test(too_many_parameters_are_not_read),
		cmocka_unit_test(names_that_servers_take_for_another_are_alike),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
