#include "base/err.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void an_error_has_its_reason_in_lower_case(void **state)
{
	struct err e;

	(void)state;
	assert_int_equal(err_set(&e, ENOENT, "open '%s'", "/x"), -ENOENT);
	assert_int_equal(e.code, ENOENT);
	assert_string_equal(e.msg, "open '/x': no such file or directory");
}

static void an_error_without_a_number_is_an_invalid_argument(void **state)
{
	struct err e;

	(void)state;
	assert_int_equal(err_set(&e, 0, "x"), -EINVAL);
	assert_int_equal(e.code, EINVAL);
}

static void a_said_error_has_only_its_own_words(void **state)
{
	struct err e;

	(void)state;
	assert_int_equal(err_say(&e, EPERM, "no %d", 5), -EPERM);
	assert_string_equal(e.msg, "no 5");
}

static void wrapping_puts_the_context_in_front(void **state)
{
	struct err e;

	(void)state;
	err_say(&e, EPERM, "inner");
	assert_int_equal(err_wrap(&e, "outer %s", "thing"), -EPERM);
	assert_string_equal(e.msg, "outer thing: inner");
}

static void a_long_message_is_cut_and_ends(void **state)
{
	char text[2000];
	struct err e;

	(void)state;
	memset(text, 'a', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	err_set(&e, EIO, "%s", text);
	assert_int_equal(strnlen(e.msg, sizeof(e.msg)), sizeof(e.msg) - 1);
	err_wrap(&e, "%s", text);
	assert_int_equal(strnlen(e.msg, sizeof(e.msg)), sizeof(e.msg) - 1);
	assert_int_equal(e.code, EIO);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_error_has_its_reason_in_lower_case),
		cmocka_unit_test(an_error_without_a_number_is_an_invalid_argument),
		cmocka_unit_test(a_said_error_has_only_its_own_words),
		cmocka_unit_test(wrapping_puts_the_context_in_front),
		cmocka_unit_test(a_long_message_is_cut_and_ends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
