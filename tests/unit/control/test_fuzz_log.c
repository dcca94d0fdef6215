#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/fuzz/fuzz_log.c"
#include "tests/fuzz/replay.c"

static void what_fuzzing_found_stays_found(void **state)
{
	(void)state;
	assert_true(fuzz_replay("log") > 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_fuzzing_found_stays_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
