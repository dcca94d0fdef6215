#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "gate/pairs.h"

static void a_pair_is_new_once(void **state)
{
	cleanup_pairs struct pairs p = {0};
	struct err e;

	(void)state;
	assert_int_equal(pairs_has(&p, "ab", "x", &e), 0);
	assert_int_equal(pairs_add(&p, "ab", "x", &e), 1);
	assert_int_equal(pairs_add(&p, "ab", "x", &e), 0);
	assert_int_equal(pairs_has(&p, "ab", "x", &e), 1);
	assert_int_equal(pairs_has(&p, "ab", "", &e), 0);
	assert_int_equal(pairs_add(&p, "ab", "y", &e), 1);
	assert_int_equal(pairs_add(&p, "ac", "x", &e), 1);
}

static void many_pairs_and_long_paths_are_kept_apart(void **state)
{
	cleanup_pairs struct pairs p = {0};
	struct err e;
	char path[3000];

	(void)state;
	memset(path, 'x', sizeof(path));
	for (int round = 1; round >= 0; round--)
		for (int i = 0; i < 10000; i++) {
			snprintf(path + sizeof(path) - 8, 8, "%07d", i);
			assert_int_equal(
				pairs_add(&p, "ab", i % 2 ? path : path + 2990, &e), round);
		}
	assert_int_equal(p.n, 10000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_pair_is_new_once),
		cmocka_unit_test(many_pairs_and_long_paths_are_kept_apart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
