#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "gate/report.h"

static struct inspection in;
static struct str out;

static struct inspect_finding *add(enum inspect_kind kind, const char *path, const char *commit)
{
	struct inspect_finding *f = &in.found.list[in.found.n++];

	*f = (struct inspect_finding){.kind = kind, .ref = "refs/heads/main"};
	snprintf(f->commit, sizeof(f->commit), "%s", commit);
	snprintf(f->said.path, sizeof(f->said.path), "%s", path);
	snprintf(f->said.rule, sizeof(f->said.rule), "a-rule");
	snprintf(f->said.what, sizeof(f->said.what), "a token");
	in.n_found++;
	return f;
}

static int begin(void **state)
{
	(void)state;
	memset(&in, 0, sizeof(in));
	str_done(&out);
	return 0;
}

static void has(const char *part)
{
	if (!strstr(out.s, part))
		fail_msg("'%s' is not in:\n%s", part, out.s);
}

static void nothing_found_is_nothing_told(void **state)
{
	(void)state;
	report_write(&in, &out);
	assert_int_equal(out.len, 0);
}

static void findings_stand_below_their_commits_the_newest_first(void **state)
{
	(void)state;
	add(INSPECT_BLOB, "b", "2222222222222222")->age = 1;
	add(INSPECT_BLOB, "z", "1111111111111111")->said.line = 7;
	add(INSPECT_BLOB, "a", "1111111111111111")->said.line = 7;
	report_write(&in, &out);
	has("Push refused: 3 findings in what it would publish. Nothing was sent upstream.\n");
	has("  refs/heads/main, commit 111111111111:\n"
	    "    a:7 holds a token (rule a-rule)\n"
	    "    z:7 holds a token (rule a-rule)\n"
	    "  refs/heads/main, commit 222222222222:\n"
	    "    b holds a token (rule a-rule)\n");
	has("git rebase -i 222222222222^");
}

static void the_newest_commit_alone_is_amended(void **state)
{
	(void)state;
	add(INSPECT_COMMIT, "", "1111111111111111");
	report_write(&in, &out);
	has("git commit --amend");
	has("a later commit that removes it does not help");
}

static void names_in_which_something_was_found_are_veiled(void **state)
{
	(void)state;
	add(INSPECT_TREE, "src/averylongsecretname", "1111111111111111");
	add(INSPECT_BLOB, "averylongsecretname.txt", "1111111111111111");
	report_write(&in, &out);
	has("a file name in src/av…me");
	has("av…me.txt");
	assert_null(strstr(out.s, "secretname"));
}

static void a_ref_in_whose_name_something_was_found_is_veiled(void **state)
{
	(void)state;
	add(INSPECT_BLOB, "a", "1111111111111111")->ref = "refs/heads/averylongsecretname";
	add(INSPECT_REQUEST, "name of a ref", "")->ref = NULL;
	report_write(&in, &out);
	has("refs/heads/av…me, commit");
	has("  the push itself:\n    the name of a ref holds a token");
	assert_null(strstr(out.s, "secretname"));
}

static void control_characters_reach_no_terminal(void **state)
{
	(void)state;
	add(INSPECT_BLOB, "a\033[31mb\nc", "1111111111111111");
	report_write(&in, &out);
	assert_null(strchr(out.s, '\033'));
	has("a?[31mb?c");
}

static void a_line_fits_the_terminal(void **state)
{
	(void)state;
	add(INSPECT_BLOB, "some/folder/with/a/rather/long/path/to/a/file/that/holds/something",
		"1111111111111111");
	report_write(&in, &out);
	has("something holds a token\n        (rule a-rule)\n");
	for (const char *line = out.s; *line; line += strcspn(line, "\n") + 1)
		assert_true(strcspn(line, "\n") <= 90);
}

static void more_than_can_be_told_is_counted(void **state)
{
	(void)state;
	add(INSPECT_BLOB, "a", "1111111111111111");
	in.n_found = 30;
	report_write(&in, &out);
	has("30 findings");
	has("… and 29 more\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(nothing_found_is_nothing_told, begin),
		cmocka_unit_test_setup(findings_stand_below_their_commits_the_newest_first, begin),
		cmocka_unit_test_setup(the_newest_commit_alone_is_amended, begin),
		cmocka_unit_test_setup(names_in_which_something_was_found_are_veiled, begin),
		cmocka_unit_test_setup(a_ref_in_whose_name_something_was_found_is_veiled, begin),
		cmocka_unit_test_setup(control_characters_reach_no_terminal, begin),
		cmocka_unit_test_setup(a_line_fits_the_terminal, begin),
		cmocka_unit_test_setup(more_than_can_be_told_is_counted, begin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
