#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/fuzz/fuzz_config.c"
#include "tests/fuzz/replay.c"

static void what_create_works_out_of_any_document(void **state)
{
	(void)state;
	assert_true(fuzz_replay("config") > 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_create_works_out_of_any_document),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
