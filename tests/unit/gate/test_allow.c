#include "gate/allow.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* A made-up secret that no rule of ours knows. */
#define SECRET "Zq4fooba7rbazqu9xK"

static void check(const char *line, const char *excerpt, const char *via, const char *wanted)
{
	struct serve_finding f = {0};
	struct str out = {0};

	snprintf(f.excerpt, sizeof(f.excerpt), "%s", excerpt);
	snprintf(f.via, sizeof(f.via), "%s", via);
	allow_redact(line, strlen(line), &f, &out);
	assert_string_equal(out.s, wanted);
	assert_null(strstr(out.s, "fooba"));
	str_done(&out);
}

static void a_secret_is_cut_out_of_its_line(void **state)
{
	(void)state;
	check("token = \"" SECRET "\"  # gitleaks:allow", "Zq…xK", "",
		"token = \"[…]\"  # gitleaks:allow");
	check(SECRET, "Zq…xK", "", "[…]");
}

static void where_its_ends_stand_twice_all_between_is_cut(void **state)
{
	(void)state;
	check("Zq = " SECRET " xK # gitleaks:allow", "Zq…xK", "", "[…] # gitleaks:allow");
	check("a(" SECRET "," SECRET ") # gitleaks:allow", "Zq…xK", "", "a([…]) # gitleaks:allow");
}

static void a_line_in_which_it_cannot_be_found_is_not_shown(void **state)
{
	(void)state;
	check("x = " SECRET " # gitleaks:allow", "…", "", "[…] gitleaks:allow");
	check("x = " SECRET " # gitleaks:allow", "ab…cd", "", "[…] gitleaks:allow");
	check("x = " SECRET " # gitleaks:allow", "Zq…cd", "", "[…] gitleaks:allow");
	check("x = " SECRET " # gitleaks:allow", "xK…Zq", "", "[…] gitleaks:allow");
	check("x = " SECRET " # gitleaks:allow", "", "", "[…] gitleaks:allow");
	check("x = " SECRET " # gitleaks:allow", "Zq…xK", "base64", "[…] gitleaks:allow");
}

static void of_a_long_line_only_what_is_around_it_is_shown(void **state)
{
	char line[5000];
	struct serve_finding f = {.excerpt = "Zq…xK"};
	struct str out = {0};

	(void)state;
	memset(line, 'a', sizeof(line));
	memcpy(line + 3000, SECRET, strlen(SECRET));
	allow_redact(line, sizeof(line), &f, &out);
	assert_in_range(out.len, 200, 300);
	str_done(&out);
}

static void nothing_in_it_controls_a_terminal(void **state)
{
	(void)state;
	check("\033[2J" SECRET "\r\a", "Zq…xK", "", "?[2J[…]??");
}

static void what_else_stands_in_the_line_is_not_shown_either(void **state)
{
	static struct inspection in;
	struct inspect_finding *f = in.found.list;

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		f[i] = (struct inspect_finding){
			.oid = "a", .said = {.line = 7, .excerpt = "Zq…xK"}};
		in.n_found = in.found.n = i + 1;
	}
	assert_true(allow_is_alone(&in, f));
	snprintf(f[2].said.excerpt, sizeof(f[2].said.excerpt), "ab…yz");
	assert_false(allow_is_alone(&in, f));
	f[2].said.line = 8;
	assert_true(allow_is_alone(&in, f));
	in.warnings.list[0] = f[2];
	in.n_warnings = in.warnings.n = 1;
	assert_true(allow_is_alone(&in, f));
	in.warnings.list[0].said.line = 7;
	assert_false(allow_is_alone(&in, f));
	/* One that was only counted could stand anywhere. */
	in.warnings.n = 0;
	assert_false(allow_is_alone(&in, f));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_secret_is_cut_out_of_its_line),
		cmocka_unit_test(where_its_ends_stand_twice_all_between_is_cut),
		cmocka_unit_test(a_line_in_which_it_cannot_be_found_is_not_shown),
		cmocka_unit_test(of_a_long_line_only_what_is_around_it_is_shown),
		cmocka_unit_test(nothing_in_it_controls_a_terminal),
		cmocka_unit_test(what_else_stands_in_the_line_is_not_shown_either),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
