#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "gate/gitleaks_report.h"

#define COMMIT "0123456789012345678901234567890123456789"

static struct inspection in;

static int begin(void **state)
{
	(void)state;
	memset(&in, 0, sizeof(in));
	return 0;
}

static int add(const char *json)
{
	struct err e;

	return gitleaks_report_add(&in, json, strlen(json), &e);
}

static void a_finding_has_its_place_and_no_secret(void **state)
{
	const struct inspect_finding *f = in.found.list;

	(void)state;
	assert_int_equal(
		add("[{\"RuleID\": \"some-rule\", \"File\": \"a/b\", \"StartLine\": 7, \"Commit\": "
		    "\"" COMMIT "\", \"Secret\": \"abcdefghijklmnopqrstuvwxyz\", \"Tags\": []}]"),
		1);
	assert_int_equal(in.n_found, 1);
	assert_int_equal(in.found.n, 1);
	assert_int_equal(f->kind, INSPECT_BLOB);
	assert_string_equal(f->said.rule, "gitleaks:some-rule");
	assert_string_equal(f->said.path, "a/b");
	assert_string_equal(f->said.excerpt, "ab…yz");
	assert_string_equal(f->commit, COMMIT);
	assert_int_equal(f->said.line, 7);
	assert_int_equal(f->said.warning, 0);
}

static void a_short_secret_is_not_shown_at_all(void **state)
{
	(void)state;
	assert_int_equal(add("[{\"RuleID\": \"r\", \"File\": \"f\", \"Secret\": \"abcdef\"}]"), 1);
	assert_string_equal(in.found.list[0].said.excerpt, "…");
	assert_string_equal(in.found.list[0].commit, "");
}

static void odd_names_of_rules_reach_no_terminal(void **state)
{
	(void)state;
	assert_int_equal(
		add("[{\"RuleID\": \"r\\u001b[31m\", \"File\": \"f\", \"Secret\": \"\"}]"), 1);
	assert_string_equal(in.found.list[0].said.rule, "gitleaks:r??31m");
}

static void no_findings_are_an_empty_list(void **state)
{
	(void)state;
	assert_int_equal(add("[]\n"), 0);
	assert_int_equal(in.n_found, 0);
}

static void anything_else_is_no_report(void **state)
{
	static const char *const bad[] = {"", "null", "{}", "[1]", "[{}]", "[",
		"[{\"RuleID\": \"r\", \"File\": \"f\"}]", "[{\"RuleID\": 1, \"File\": \"f\"}]",
		"[{\"RuleID\": \"r\", \"File\": [], \"Secret\": \"\"}]", "[] []"};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		assert_true(add(bad[i]) < 0);
}

static void more_findings_than_can_be_told_are_counted(void **state)
{
	struct str json = {0};

	(void)state;
	str_add_char(&json, '[');
	for (int i = 0; i < 100; i++)
		str_addf(&json, "%s{\"RuleID\": \"r\", \"File\": \"f\", \"Secret\": \"\"}",
			i ? "," : "");
	str_add_char(&json, ']');
	assert_int_equal(add(json.s), 100);
	assert_int_equal(in.n_found, 100);
	assert_int_equal(in.found.n, INSPECT_TOLD_MAX);
	str_done(&json);
}

static void the_log_tells_how_many_commits_were_read(void **state)
{
	struct err e;
	size_t n;

	(void)state;
	assert_int_equal(gitleaks_report_count("3:04PM INF 12 commits scanned.\n", &n, &e), 0);
	assert_int_equal(n, 12);
	assert_int_equal(
		gitleaks_report_count(
			"\033[90m3:04PM\033[0m \033[32mINF\033[0m 0 commits scanned.\n", &n, &e),
		0);
	assert_int_equal(n, 0);
	assert_int_equal(gitleaks_report_count("INF no leaks found", &n, &e), -EPROTO);
	assert_int_equal(gitleaks_report_count("x commits scanned.", &n, &e), -EPROTO);
	assert_int_equal(
		gitleaks_report_count("123456789012345678901234567890 commits scanned.", &n, &e),
		-EPROTO);
	assert_int_equal(gitleaks_report_count("", &n, &e), -EPROTO);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_finding_has_its_place_and_no_secret, begin),
		cmocka_unit_test_setup(a_short_secret_is_not_shown_at_all, begin),
		cmocka_unit_test_setup(odd_names_of_rules_reach_no_terminal, begin),
		cmocka_unit_test_setup(no_findings_are_an_empty_list, begin),
		cmocka_unit_test_setup(anything_else_is_no_report, begin),
		cmocka_unit_test_setup(more_findings_than_can_be_told_are_counted, begin),
		cmocka_unit_test(the_log_tells_how_many_commits_were_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
