#include "shim/options.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/ptr.h"
#include "base/str.h"

struct values {
	bool force;
	const char *bundle;
	char **env, **names;
	long fds;
};

static int parse(struct values *v, bool stop, char **argv, struct err *e)
{
	const struct option_def defs[] = {
		{"force", 'f', OPTION_SWITCH, &v->force, NULL, ""},
		{"bundle", 'b', OPTION_STRING, &v->bundle, "DIR", ""},
		{"env", 'e', OPTION_LIST, &v->env, "X", ""},
		{"names", 0, OPTION_NAMES, &v->names, "X", ""},
		{"fds", 0, OPTION_NUMBER, &v->fds, "N", ""},
	};
	const struct options o = {.program = "test",
		.usage = "ID",
		.help = "",
		.defs = defs,
		.n_defs = ARRAY_LEN(defs),
		.stop_at_operand = stop};
	int argc = 0;

	while (argv[argc])
		argc++;
	return options_parse(&o, argc, argv, e);
}

#define ARGV(...) ((char *[]){(char *)"test", __VA_ARGS__, NULL})
#define S(s)	  ((char *)(s))

static void values_come_with_a_blank_or_an_equals_sign(void **state)
{
	struct values v = {0};
	struct err e;
	char **argv = ARGV(S("--bundle"), S("/a"), S("--fds=3"), S("-f"), S("id"));

	(void)state;
	assert_int_equal(parse(&v, false, argv, &e), 1);
	assert_string_equal(v.bundle, "/a");
	assert_int_equal(v.fds, 3);
	assert_true(v.force);
	assert_string_equal(argv[1], "id");
	assert_null(argv[2]);
}

static void options_may_follow_operands_unless_those_are_anothers(void **state)
{
	struct values v = {0};
	struct err e;
	char **argv = ARGV(S("id"), S("--force"));
	char **other = ARGV(S("id"), S("ls"), S("--force"));

	(void)state;
	assert_int_equal(parse(&v, false, argv, &e), 1);
	assert_true(v.force);
	v.force = false;
	assert_int_equal(parse(&v, true, other, &e), 3);
	assert_false(v.force);
	assert_string_equal(other[3], "--force");
}

static void two_dashes_end_the_options(void **state)
{
	struct values v = {0};
	struct err e;
	char **argv = ARGV(S("--"), S("--force"));

	(void)state;
	assert_int_equal(parse(&v, false, argv, &e), 1);
	assert_false(v.force);
}

static void lists_collect_and_names_are_split(void **state)
{
	struct values v = {0};
	struct err e;

	(void)state;
	assert_int_equal(
		parse(&v, false,
			ARGV(S("-e"), S("A=1,2"), S("--env"), S("B=2"), S("--names"), S("x,y")),
			&e),
		0);
	assert_int_equal(strv_len(v.env), 2);
	assert_string_equal(v.env[0], "A=1,2");
	assert_int_equal(strv_len(v.names), 2);
	strv_free(v.env);
	strv_free(v.names);
}

static void a_switch_can_be_told_false_and_nothing_else(void **state)
{
	struct values v = {.force = true};
	struct err e;

	(void)state;
	assert_int_equal(parse(&v, false, ARGV(S("--force=false")), &e), 0);
	assert_false(v.force);
	assert_int_equal(parse(&v, false, ARGV(S("--force=maybe")), &e), OPTIONS_WRONG);
}

static void an_unknown_option_is_named_in_the_error(void **state)
{
	struct values v = {0};
	struct err e;

	(void)state;
	assert_int_equal(parse(&v, false, ARGV(S("--frobnicate")), &e), OPTIONS_WRONG);
	assert_non_null(strstr(e.msg, "--frobnicate"));
	assert_int_equal(parse(&v, false, ARGV(S("--fds"), S("-1")), &e), OPTIONS_WRONG);
	assert_int_equal(parse(&v, false, ARGV(S("--bundle")), &e), OPTIONS_WRONG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values_come_with_a_blank_or_an_equals_sign),
		cmocka_unit_test(options_may_follow_operands_unless_those_are_anothers),
		cmocka_unit_test(two_dashes_end_the_options),
		cmocka_unit_test(lists_collect_and_names_are_split),
		cmocka_unit_test(a_switch_can_be_told_false_and_nothing_else),
		cmocka_unit_test(an_unknown_option_is_named_in_the_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
