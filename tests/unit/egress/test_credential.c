#include "egress/credential.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static const char *made(const char *scheme, const char *value, struct secret *ret)
{
	cleanup_secret struct secret v = {0};
	struct err e;

	assert_int_equal(secret_set(&v, value, strlen(value), &e), 0);
	return credential_make(scheme, &v, ret, &e) == 0 ? ret->bytes : NULL;
}

static void each_scheme_has_its_form(void **state)
{
	cleanup_secret struct secret s = {0};

	(void)state;
	assert_string_equal(made("Bearer", "abc", &s), "Authorization: Bearer abc\r\n");
	assert_string_equal(made("bearer", "abc", &s), "Authorization: Bearer abc\r\n");
	assert_string_equal(made("token", "abc", &s), "Authorization: token abc\r\n");
	assert_string_equal(made("basic", "u:p", &s), "Authorization: Basic dTpw\r\n");
	assert_string_equal(
		made("basic", "abc", &s), "Authorization: Basic eC1hY2Nlc3MtdG9rZW46YWJj\r\n");
	assert_null(made("digest", "abc", &s));
}

static void the_line_end_of_a_file_is_no_part_of_it(void **state)
{
	cleanup_secret struct secret s = {0};

	(void)state;
	assert_string_equal(made("Bearer", "abc\r\n", &s), "Authorization: Bearer abc\r\n");
}

static void a_value_that_could_add_a_header_is_refused(void **state)
{
	cleanup_secret struct secret s = {0};

	(void)state;
	assert_null(made("Bearer", "a\r\nX: y", &s));
	assert_null(made("Bearer", "a b", &s));
	assert_null(made("Bearer", "a\x80", &s));
	assert_null(made("Bearer", "\n", &s));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_scheme_has_its_form),
		cmocka_unit_test(the_line_end_of_a_file_is_no_part_of_it),
		cmocka_unit_test(a_value_that_could_add_a_header_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
