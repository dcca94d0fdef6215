#include "shim/userns.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "bundle/plan.h"

static void the_machine_s_own_range_is_taken_where_every_id_is_there(void **state)
{
	const struct userns_ids ids = {.uids = {{0, 0, UINT32_MAX}},
		.n_uids = 1,
		.gids = {{0, 0, UINT32_MAX}},
		.n_gids = 1};
	uint32_t first, n;
	struct err e = {0};

	(void)state;
	assert_int_equal(userns_sidecar_ids(&ids, &first, &n, &e), 0);
	assert_int_equal(first, PLAN_COMPONENT_UID_FIRST);
	assert_int_equal(first + n, PLAN_COMPONENT_UID_END);
}

static void of_a_user_s_ids_the_last_are_taken_as_far_as_uids_and_gids_reach(void **state)
{
	const struct userns_ids ids = {.uids = {{0, 1000, 1}, {1, 100000, 65536}},
		.n_uids = 2,
		.gids = {{0, 1000, 1}, {1, 100000, 50}, {51, 300000, 49}},
		.n_gids = 3};
	uint32_t first, n;
	struct err e = {0};

	(void)state;
	assert_int_equal(userns_sidecar_ids(&ids, &first, &n, &e), 0);
	assert_int_equal(first, 76);
	assert_int_equal(n, 24);
}

static void ids_behind_a_gap_do_not_count(void **state)
{
	const struct userns_ids ids = {.uids = {{0, 1000, 1}, {2, 100000, 65536}},
		.n_uids = 2,
		.gids = {{0, 1000, 1}, {1, 100000, 65536}},
		.n_gids = 2};
	uint32_t first, n;
	struct err e = {0};

	(void)state;
	assert_int_equal(userns_sidecar_ids(&ids, &first, &n, &e), -EPERM);
}

static void too_few_are_no_bottle(void **state)
{
	struct userns_ids ids = {.uids = {{0, 1000, 1}, {1, 100000, 8}},
		.n_uids = 2,
		.gids = {{0, 1000, 1}, {1, 100000, 9}},
		.n_gids = 2};
	uint32_t first, n;
	struct err e = {0};

	(void)state;
	assert_int_equal(userns_sidecar_ids(&ids, &first, &n, &e), -EPERM);
	ids.uids[1].size = 9;
	assert_int_equal(userns_sidecar_ids(&ids, &first, &n, &e), 0);
	assert_int_equal(n, 8);
}

static void a_refused_user_namespace_says_what_is_missing_and_what_would_be_right(void **state)
{
	struct err e = {0};

	(void)state;
	assert_int_equal(userns_refused(EPERM, "clone x", &e), -EPERM);
	assert_non_null(strstr(e.msg, "clone x: operation not permitted (within a chroot(2) "));
	assert_non_null(strstr(e.msg, "pivot_root(2)"));
	assert_non_null(strstr(e.msg, "seccomp filter forbids it)"));
	assert_int_equal(userns_refused(ENOSPC, "clone x", &e), -ENOSPC);
	assert_non_null(strstr(e.msg, "no space left on device (user.max_user_namespaces, "));
	assert_int_equal(userns_refused(ENOMEM, "clone x", &e), -ENOMEM);
	assert_string_equal(e.msg, "clone x: cannot allocate memory");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_machine_s_own_range_is_taken_where_every_id_is_there),
		cmocka_unit_test(of_a_user_s_ids_the_last_are_taken_as_far_as_uids_and_gids_reach),
		cmocka_unit_test(ids_behind_a_gap_do_not_count),
		cmocka_unit_test(too_few_are_no_bottle),
		cmocka_unit_test(
			a_refused_user_namespace_says_what_is_missing_and_what_would_be_right),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
