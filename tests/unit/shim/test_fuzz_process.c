#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/fuzz/fuzz_process.c"
#include "tests/fuzz/replay.c"

static void any_process_document_is_read_or_refused(void **state)
{
	(void)state;
	assert_true(fuzz_replay("process") > 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(any_process_document_is_read_or_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
