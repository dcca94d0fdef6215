#include "egress/query.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static bool is_key(const void *arg, const struct query_param *p)
{
	return query_names(p, arg);
}

static const char *without_key(const char *query)
{
	static char text[256];

	snprintf(text, sizeof(text), "%s", query);
	query_drop(text, is_key, "api_key");
	return text;
}

static void a_parameter_is_taken_out_in_every_spelling(void **state)
{
	(void)state;
	assert_string_equal(without_key("a=1&api_key=own&b=2"), "a=1&b=2");
	assert_string_equal(without_key("api_key=own"), "");
	assert_string_equal(without_key("api_key"), "");
	assert_string_equal(without_key("api_key=1&api_key=2&c"), "c");
	assert_string_equal(without_key("c&API_Key=1"), "c");
	assert_string_equal(without_key("c;api_key=1;d"), "c;d");
	assert_string_equal(without_key("c&api%5fkey=1"), "c");
	assert_string_equal(without_key("c&%61%70%69_key=1"), "c");
	assert_string_equal(without_key("c&api%255Fkey=1"), "c");
	assert_string_equal(without_key("c&api%25252525255Fkey=1"), "c");
	assert_string_equal(without_key("c&api.key=1&api-key=2&api+key=3&api%20key=4"), "c");
	assert_string_equal(without_key("c&api_key[]=1&api_key[x]=2&+api_key=3"), "c");
	assert_string_equal(without_key("c&api_key%00x=1"), "c");
}

static void others_stay_as_they_are(void **state)
{
	(void)state;
	assert_string_equal(without_key(""), "");
	assert_string_equal(without_key("a=api_key&my_api_key=1&api_keys=2&&x;"),
		"a=api_key&my_api_key=1&api_keys=2&&x;");
	assert_string_equal(without_key("a=%zz&b=1+2%"), "a=%zz&b=1+2%");
}

static void a_value_is_compared_decoded(void **state)
{
	char text[] = "k=pl%61ceholder";
	char *at = text;
	struct query_param p;

	(void)state;
	assert_true(query_next(&at, &p));
	assert_true(query_is(&p, "placeholder"));
	assert_false(query_is(&p, "placeholders"));
	assert_false(query_is(&p, "place"));
	assert_false(query_next(&at, &p));
}

static void what_is_encoded_decodes_to_itself(void **state)
{
	char text[256], coded[3 * 256], back[3 * 256];
	size_t len;

	(void)state;
	for (size_t i = 0; i < sizeof(text); i++)
		text[i] = (char)i;
	len = query_encode(text, sizeof(text), coded);
	assert_int_equal(len, query_encode(text, sizeof(text), NULL));
	assert_int_equal(query_decode(coded, len, true, back), sizeof(text));
	assert_memory_equal(text, back, sizeof(text));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_parameter_is_taken_out_in_every_spelling),
		cmocka_unit_test(others_stay_as_they_are),
		cmocka_unit_test(a_value_is_compared_decoded),
		cmocka_unit_test(what_is_encoded_decodes_to_itself),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
