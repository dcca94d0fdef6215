#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "gate/commands.h"
#include "gate/refs.h"
#include "gate/sanitize.h"

#define A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define Z "0000000000000000000000000000000000000000"

static void a_list_of_refs_is_read_sorted_without_peeled_tags(void **state)
{
	cleanup_refs struct refs r = {0};
	struct err e;

	(void)state;
	assert_int_equal(
		refs_parse("ref: refs/heads/main\tHEAD\n" A "\tHEAD\n" B "\trefs/tags/v1\n" A
			   "\trefs/tags/v1^{}\n" A "\trefs/heads/main\n",
			&r, &e),
		0);
	assert_int_equal(r.n, 2);
	assert_string_equal(r.head, "refs/heads/main");
	assert_string_equal(r.list[0].name, "refs/heads/main");
	assert_string_equal(refs_find(&r, "refs/tags/v1")->oid, B);
	assert_null(refs_find(&r, "refs/tags/v2"));
}

static void what_is_no_list_of_refs_is_refused(void **state)
{
	static const char *const bad[] = {"hello\n", A " refs/heads/main\n", "abc\trefs/heads/x\n",
		A "\tmain\n", "\t\n", A "\n"};
	struct refs r;
	struct err e;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		assert_int_equal(refs_parse(bad[i], &r, &e), -EPROTO);
}

static void names_that_would_break_a_line_are_refused(void **state)
{
	static const char *const bad[] = {"refs/heads/a b", "refs/heads/a\nb", "refs/heads/a\tb",
		"refs/heads/a\177", "heads/a", ""};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		cleanup_refs struct refs r = {0};

		assert_int_equal(
			refs_add(&r, &(struct ref_text){.oid = A, .name = bad[i]}), -EPROTO);
	}
}

static void a_list_printed_and_read_is_the_same(void **state)
{
	static const char text[] =
		"ref: refs/heads/main\tHEAD\n" A "\tHEAD\n" A "\trefs/heads/main\n"
		"ref: refs/heads/main\trefs/heads/symbol\n" A "\trefs/heads/symbol\n" B
		"\trefs/tags/v1\n" A "\trefs/tags/v1^{}\n";
	cleanup_refs struct refs r = {0};
	cleanup_str struct str again = {0};
	struct err e;

	(void)state;
	assert_int_equal(refs_parse(text, &r, &e), 0);
	refs_print(&r, &again);
	assert_string_equal(again.s, text);
}

static void names_that_refspecs_would_misread_are_no_names(void **state)
{
	static const char *const bad[] = {"refs/heads/a:refs/heads/b", "refs/heads/*", "main",
		"refs/heads/", "refs/heads//a", "refs/heads/a..b", "refs/heads/.a", "refs/heads/a.",
		"refs/heads/a.lock", "refs/heads/a b", "refs/heads/a\nb", "refs/heads/a~1",
		"refs/heads/a^", "refs/heads/@{1}", "refs/heads/a\\b", "refs/main",
		"refs/heads/a\177", "-refs/heads/a", "refs/../heads"};
	static const char *const good[] = {"refs/heads/main", "refs/pull/1/head", "refs/heads/-x",
		"refs/heads/ünicode", "refs/heads/a@b", "refs/tags/v1.0"};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		assert_false(refs_is_name(bad[i]));
	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++)
		assert_true(refs_is_name(good[i]));
}

static void commands_are_read_and_bad_ones_refused(void **state)
{
	static const char *const bad[] = {"", "x\n", A " " B "\n", A " " B " main\n",
		A " " B " refs/heads/a:refs/heads/b\n", "abc " B " refs/heads/a\n"};
	cleanup_commands struct commands c = {0};
	struct err e;

	(void)state;
	assert_int_equal(
		commands_parse(A " " B " refs/heads/a\n" A " " Z " refs/heads/b\n", &c, &e), 0);
	assert_int_equal(c.n, 2);
	assert_false(command_is_delete(&c.list[0]));
	assert_true(command_is_delete(&c.list[1]));
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		struct commands none;

		assert_int_equal(commands_parse(bad[i], &none, &e), -EPROTO);
	}
}

static void push_options_are_read_by_a_count_that_is_a_number(void **state)
{
	static const char *const bad[] = {"x", "-1", "1x", "", "99999999999"};
	cleanup_commands struct commands c = {0};
	struct err e;

	(void)state;
	setenv("GIT_PUSH_OPTION_0", "one", 1);
	setenv("GIT_PUSH_OPTION_COUNT", "1", 1);
	assert_int_equal(commands_read_options(&c, &e), 0);
	assert_string_equal(c.options[0], "one");
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		setenv("GIT_PUSH_OPTION_COUNT", bad[i], 1);
		assert_int_equal(commands_read_options(&c, &e), -EPROTO);
	}
	setenv("GIT_PUSH_OPTION_COUNT", "2", 1);
	assert_int_equal(commands_read_options(&c, &e), -EPROTO);
	unsetenv("GIT_PUSH_OPTION_COUNT");
}

static void a_ref_that_moved_is_noticed(void **state)
{
	cleanup_commands struct commands c = {0};
	cleanup_refs struct refs same = {0}, moved = {0}, none = {0};
	struct err e;

	(void)state;
	commands_parse(A " " B " refs/heads/a\n" Z " " B " refs/heads/new\n", &c, &e);
	refs_parse(A "\trefs/heads/a\n", &same, &e);
	refs_parse(B "\trefs/heads/a\n", &moved, &e);
	assert_int_equal(commands_check_seen(&c, &same, "the upstream", &e), 0);
	assert_int_equal(commands_check_seen(&c, &moved, "the upstream", &e), -ESTALE);
	assert_non_null(strstr(e.msg, "fetch first"));
	assert_int_equal(commands_check_seen(&c, &none, "the upstream", &e), -ESTALE);
}

static void control_characters_do_not_pass(void **state)
{
	static const struct {
		const char *from, *to;
	} cases[] = {
		{"plain", "plain"},
		{"\033[31mred\033[0m", "?[31mred?[0m"},
		{"tab\tbell\a", "tab bell?"},
		{"umlaut \303\244", "umlaut \303\244"},
		{"C1 \302\233x", "C1 ??x"},
		{"broken \303", "broken ?"},
		{"overlong \300\257", "overlong ??"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		char *out = sanitize_line(cases[i].from, strlen(cases[i].from));

		assert_string_equal(out, cases[i].to);
		free(out);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_that_would_break_a_line_are_refused),
		cmocka_unit_test(a_list_printed_and_read_is_the_same),
		cmocka_unit_test(a_list_of_refs_is_read_sorted_without_peeled_tags),
		cmocka_unit_test(what_is_no_list_of_refs_is_refused),
		cmocka_unit_test(names_that_refspecs_would_misread_are_no_names),
		cmocka_unit_test(commands_are_read_and_bad_ones_refused),
		cmocka_unit_test(push_options_are_read_by_a_count_that_is_a_number),
		cmocka_unit_test(a_ref_that_moved_is_noticed),
		cmocka_unit_test(control_characters_do_not_pass),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
