#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "gate/changes.h"

#define A    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define B    "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define C    "cccccccccccccccccccccccccccccccccccccccc"
#define NONE "0000000000000000000000000000000000000000"

static void a_commit_has_its_tree_and_its_tip(void **state)
{
	struct changes_record r = {0};
	struct err e;

	(void)state;
	assert_int_equal(changes_parse_commit("@" A " " B " " C, &r, &e), 0);
	assert_string_equal(r.commit, A);
	assert_string_equal(r.tree, B);
	assert_string_equal(r.tip, C);
}

static void a_change_has_the_newest_object(void **state)
{
	struct changes_record r = {0};
	struct err e;

	(void)state;
	assert_int_equal(changes_parse_raw(":000000 100644 " NONE " " B " A", &r, &e), 0);
	assert_string_equal(r.oid, B);
	assert_true(r.is_blob);
	assert_false(r.is_gone);
	assert_int_equal(changes_parse_raw(":100644 120000 " A " " C " T", &r, &e), 0);
	assert_string_equal(r.oid, C);
	assert_true(r.is_blob);
	assert_int_equal(changes_parse_raw(":040000 040000 " A " " C " M", &r, &e), 0);
	assert_false(r.is_blob);
	assert_int_equal(changes_parse_raw(":000000 160000 " NONE " " C " A", &r, &e), 0);
	assert_false(r.is_blob);
	assert_int_equal(changes_parse_raw(":100644 000000 " A " " NONE " D", &r, &e), 0);
	assert_true(r.is_gone);
}

static void a_merge_has_as_many_colons_as_parents(void **state)
{
	struct changes_record r = {0};
	struct err e;

	(void)state;
	assert_int_equal(
		changes_parse_raw("::100644 000000 100755 " A " " NONE " " C " MA", &r, &e), 0);
	assert_string_equal(r.oid, C);
	assert_true(r.is_blob);
}

static void what_git_does_not_print_is_refused(void **state)
{
	static const char *const raw[] = {"", ":", "100644", ":100644 100644 " A,
		":100644 100644 " A " x M", "::100644 100644 " A " " B " M", ":1 2 " A " " B " M"};
	static const char *const commits[] = {"", "@", "@" A, "@" A " " B, "@" A " " B " x",
		"@" A " " B " " C " " C, A " " B " " C};
	struct changes_record r = {0};
	struct err e;

	(void)state;
	for (size_t i = 0; i < sizeof(raw) / sizeof(*raw); i++)
		assert_int_equal(changes_parse_raw(raw[i], &r, &e), -EPROTO);
	for (size_t i = 0; i < sizeof(commits) / sizeof(*commits); i++)
		assert_int_equal(changes_parse_commit(commits[i], &r, &e), -EPROTO);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_commit_has_its_tree_and_its_tip),
		cmocka_unit_test(a_change_has_the_newest_object),
		cmocka_unit_test(a_merge_has_as_many_colons_as_parents),
		cmocka_unit_test(what_git_does_not_print_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
