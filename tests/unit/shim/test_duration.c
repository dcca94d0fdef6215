#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/ptr.h"
#include "shim/duration.h"

static void what_go_writes_is_read(void **state)
{
	static const struct {
		const char *text;
		int64_t ms;
	} cases[] = {
		{"0", 0},
		{"5s", 5000},
		{"100ms", 100},
		{"1m30s", 90000},
		{"1.5h", 5400000},
		{"1us", 1},
		{"0s", 0},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		int64_t ms = -1;

		assert_int_equal(duration_parse_ms(cases[i].text, &ms), 0);
		assert_int_equal(ms, cases[i].ms);
	}
}

static void what_go_refuses_is_refused(void **state)
{
	static const char *const bad[] = {
		"", "5", "s", "-1s", "5 s", "1s ", "nans", "1..5s", "5x", "infs", "9e9h", "0x1s"};
	int64_t ms = 7;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_int_equal(duration_parse_ms(bad[i], &ms), -EINVAL);
	assert_int_equal(ms, 7);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_go_writes_is_read),
		cmocka_unit_test(what_go_refuses_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
