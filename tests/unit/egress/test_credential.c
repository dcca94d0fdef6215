#include "egress/credential.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static const char *made(enum policy_auth_scheme scheme, const char *value, struct secret *ret)
{
	cleanup_secret struct secret v = {0};
	const struct policy_auth auth = {.scheme = scheme};
	struct err e;

	assert_int_equal(secret_set(&v, value, strlen(value), &e), 0);
	return credential_make(&auth, &v, ret, &e) == 0 ? ret->bytes : NULL;
}

static void each_scheme_has_its_form(void **state)
{
	cleanup_secret struct secret s = {0};

	(void)state;
	assert_string_equal(made(POLICY_AUTH_BEARER, "abc", &s), "Authorization: Bearer abc\r\n");
	assert_string_equal(made(POLICY_AUTH_TOKEN, "abc", &s), "Authorization: token abc\r\n");
	assert_string_equal(made(POLICY_AUTH_BASIC, "u:p", &s), "Authorization: Basic dTpw\r\n");
	assert_string_equal(made(POLICY_AUTH_BASIC, "abc", &s),
		"Authorization: Basic eC1hY2Nlc3MtdG9rZW46YWJj\r\n");
}

static void the_line_end_of_a_file_is_no_part_of_it(void **state)
{
	cleanup_secret struct secret s = {0};

	(void)state;
	assert_string_equal(
		made(POLICY_AUTH_BEARER, "abc\r\n", &s), "Authorization: Bearer abc\r\n");
}

static void a_value_that_could_add_a_header_is_refused(void **state)
{
	cleanup_secret struct secret s = {0};

	(void)state;
	assert_null(made(POLICY_AUTH_BEARER, "a\r\nX: y", &s));
	assert_null(made(POLICY_AUTH_BEARER, "a b", &s));
	assert_null(made(POLICY_AUTH_BEARER, "a\x80", &s));
	assert_null(made(POLICY_AUTH_BEARER, "\n", &s));
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
