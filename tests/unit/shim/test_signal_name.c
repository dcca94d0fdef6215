#include "shim/signal_name.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void numbers_and_names_in_either_case_are_signals(void **state)
{
	struct err e;

	(void)state;
	assert_int_equal(signal_number("9", &e), SIGKILL);
	assert_int_equal(signal_number("TERM", &e), SIGTERM);
	assert_int_equal(signal_number("SIGHUP", &e), SIGHUP);
	assert_int_equal(signal_number("sigusr1", &e), SIGUSR1);
	assert_int_equal(signal_number("0", &e), 0);
}

static void real_time_signals_count_from_either_end(void **state)
{
	struct err e;

	(void)state;
	assert_int_equal(signal_number("RTMIN", &e), SIGRTMIN);
	assert_int_equal(signal_number("SIGRTMIN+3", &e), SIGRTMIN + 3);
	assert_int_equal(signal_number("RTMAX-1", &e), SIGRTMAX - 1);
}

static void anything_else_is_named_in_the_error(void **state)
{
	const char *const bad[] = {"", "NOPE", "-9", "9x", "999", "RTMIN+x"};
	struct err e;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(signal_number(bad[i], &e), -EINVAL);
	signal_number("NOPE", &e);
	assert_non_null(strstr(e.msg, "NOPE"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_and_names_in_either_case_are_signals),
		cmocka_unit_test(real_time_signals_count_from_either_end),
		cmocka_unit_test(anything_else_is_named_in_the_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
