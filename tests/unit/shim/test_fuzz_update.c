#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/fuzz/fuzz_update.c"
#include "tests/fuzz/replay.c"

static void any_update_leaves_a_document_that_is_read(void **state)
{
	(void)state;
	assert_true(fuzz_replay("update") > 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(any_update_leaves_a_document_that_is_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
