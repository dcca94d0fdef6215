#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/fuzz/fuzz_state.c"
#include "tests/fuzz/replay.c"

static void any_state_that_is_loaded_is_saved_again(void **state)
{
	(void)state;
	assert_true(fuzz_replay("state") > 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(any_state_that_is_loaded_is_saved_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
