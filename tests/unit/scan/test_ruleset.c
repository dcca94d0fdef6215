#include <setjmp.h>
#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/ptr.h"
#include "base/str.h"
#include "scan/ruleset.h"

/* Reads an operator's file over what is there. */
static int read_text(struct ruleset *r, const char *text, struct err *e)
{
	return ruleset_read(r, text, strlen(text), "rules.toml", false, e);
}

#define assert_read(r, text)                                                                       \
	do {                                                                                       \
		struct err read_e = {0};                                                           \
		if (read_text(r, text, &read_e) < 0)                                               \
			fail_msg("%s", read_e.msg);                                                \
	} while (0)

/* What one file is refused with. */
static void assert_refused(const char *text, const char *message)
{
	cleanup_ruleset struct ruleset r = {0};
	struct err e = {0};

	assert_int_equal(read_text(&r, text, &e), -EINVAL);
	assert_string_equal(e.msg, message);
}

/* A file is read, with exactly this warning (NULL: none). */
static void assert_warned(const char *text, const char *message)
{
	cleanup_ruleset struct ruleset r = {0};

	assert_read(&r, text);
	if (!message) {
		if (r.warnings)
			fail_msg("%s", r.warnings[0]);
		return;
	}
	assert_non_null(r.warnings);
	assert_string_equal(r.warnings[0], message);
	assert_null(r.warnings[1]);
}

static void the_built_in_rules_are_read_without_a_warning(void **state)
{
	cleanup_ruleset struct ruleset r = {0};
	struct err e = {0};

	(void)state;
	if (ruleset_read(&r, ruleset_builtin, ruleset_builtin_len, "built-in", true, &e) < 0)
		fail_msg("%s", e.msg);
	assert_null(r.warnings);
	assert_true(r.n > 0);
}

static void a_rule_in_gitleaks_keys_is_read(void **state)
{
	cleanup_ruleset struct ruleset r = {0};
	const struct rule *rule;

	(void)state;
	assert_read(&r, "title = 'mine'\n[[rules]]\nid = 'x'\ndescription = 'an X'\n"
			"regex = '''x_([a-z]{8})(y)'''\npath = '''\\.env$'''\nsecretGroup = 2\n"
			"entropy = 3.25\nkeywords = ['X_', 'Z']\ntags = ['t']\n"
			"[[rules.allowlists]]\ncondition = 'AND'\nregexTarget = 'line'\n"
			"regexes = ['''test''']\nstopwords = ['Example']\npaths = ['''^doc/''']\n"
			"[rules.allowlist]\nstopwords = 'one'\n");
	assert_null(r.warnings);
	assert_int_equal(r.n, 1);
	rule = &r.rules[0];
	assert_string_equal(rule->id, "x");
	assert_string_equal(rule->what, "an X");
	assert_int_equal(rule->secret_group, 2);
	assert_int_equal(rule->entropy_floor, 3250);
	assert_string_equal(rule->keywords[0], "x_");
	assert_string_equal(rule->keywords[1], "z");
	assert_int_equal(rule->confidence, SCAN_MEDIUM);
	assert_int_equal(rule->n_allows, 2);
	assert_true(rule->allows[0].all);
	assert_int_equal(rule->allows[0].target, RULE_TARGET_LINE);
	assert_string_equal(rule->allows[0].stopwords[0], "example");
	assert_string_equal(rule->allows[1].stopwords[0], "one");
}

static void all_errors_of_a_file_are_told_at_once(void **state)
{
	(void)state;
	assert_refused("[[rules]]\nid = 'a'\nregex = 7\n\n[[rules]]\nregex = 'b'\n\n[[rules]]\n"
		       "id = 'c'\n",
		"rules.toml:3: 'regex' is a whole number, expected a string; "
		"rules.toml:5: a rule has no id; rules.toml:8: rule 'c' has no regex");
}

static void what_cannot_be_expressed_is_a_warning_with_its_line(void **state)
{
	(void)state;
	assert_warned("[[rules]]\nid = 'a'\nregex = 'a'\ncolour = 'red'\n",
		"rules.toml:4: unknown key 'colour' of a rule is ignored");
	assert_warned("[extend]\nuseDefault = true\npath = 'other.toml'\n",
		"rules.toml:3: extend.path is not followed: put those rules into this file");
	assert_warned("[[rules]]\nid = 'p12'\npath = '''\\.p12$'''\n",
		"rules.toml:1: rule 'p12' is left out: a path alone is not looked for, only what "
		"is "
		"in a text");
	assert_warned("[extend]\nuseDefault = true\n[[rules]]\nid = 'vendor-x'\n"
		      "[rules.allowlist]\nstopwords = ['x']\n",
		"rules.toml:3: rule 'vendor-x' is left out: there is none of that id here that it "
		"could change");
	assert_warned("[allowlist]\ncommits = ['abc']\nstopwords = ['x']\n",
		"rules.toml:1: commits of an allowlist are ignored: rules are asked without one");
	assert_warned("[[allowlists]]\ntargetRules = ['nobody']\nstopwords = ['x']\n",
		"rules.toml:1: targetRules: there is no rule 'nobody'");
}

static void what_would_allow_more_when_it_is_ignored_is_an_error(void **state)
{
	cleanup_ruleset struct ruleset r = {0};

	(void)state;
	assert_refused("[[allowlists]]\ncondition = 'AND'\nstopwords = ['x']\nbranches = ['y']\n",
		"rules.toml:1: an allowlist with condition AND and a key that is not understood "
		"would allow too much");
	assert_read(&r, "[[allowlists]]\ncondition = 'AND'\ncommits = ['c']\npaths = ['y']\n");
	assert_int_equal(r.n_allows, 0);
	assert_non_null(r.warnings);
}

static void a_rule_extends_takes_the_place_of_or_removes_an_earlier_one(void **state)
{
	static const char base[] = "[[rules]]\nid = 'a'\nregex = 'a1'\nkeywords = ['k1']\n"
				   "[[rules]]\nid = 'b'\nregex = 'b1'\n";
	cleanup_ruleset struct ruleset r = {0};

	(void)state;
	assert_read(&r, base);
	assert_read(&r, "[extend]\nuseDefault = true\ndisabledRules = ['b']\n[[rules]]\nid = 'a'\n"
			"entropy = 3\nkeywords = ['k2']\n[rules.allowlist]\nstopwords = ['s']\n");
	assert_null(r.warnings);
	assert_int_equal(r.n, 1);
	assert_string_equal(r.rules[0].pattern, "a1");
	assert_int_equal(r.rules[0].entropy_floor, 3000);
	assert_int_equal(strv_len(r.rules[0].keywords), 2);
	assert_int_equal(r.rules[0].n_allows, 1);
	assert_read(&r, "[[rules]]\nid = 'a'\nregex = 'a2'\n");
	assert_int_equal(r.n, 1);
	assert_string_equal(r.rules[0].pattern, "a2");
	assert_null(r.rules[0].keywords);
	assert_string_equal(
		r.warnings[0], "rules.toml:1: rule 'a' takes the place of the built-in one");
}

static void an_allowlist_may_be_of_all_rules_or_of_some(void **state)
{
	cleanup_ruleset struct ruleset r = {0};

	(void)state;
	assert_read(&r, "[[allowlists]]\npaths = ['p']\n[[allowlists]]\ntargetRules = ['b']\n"
			"regexes = ['r']\n[[rules]]\nid = 'a'\nregex = 'a'\n[[rules]]\nid = 'b'\n"
			"regex = 'b'\n");
	assert_null(r.warnings);
	assert_int_equal(r.n_allows, 1);
	assert_string_equal(r.allows[0].paths[0], "p");
	assert_int_equal(r.rules[0].n_allows, 0);
	assert_int_equal(r.rules[1].n_allows, 1);
	assert_string_equal(r.rules[1].allows[0].regexes[0], "r");
}

static void our_own_keys_are_for_built_in_rules(void **state)
{
	cleanup_ruleset struct ruleset r = {0};
	static const char text[] = "[[rules]]\nid = 'a'\ndescription = 'an A'\nregex = 'a'\n"
				   "confidence = 'high'\nnear = ['b']\n";
	struct err e;

	(void)state;
	assert_warned("[[rules]]\nid = 'a'\nregex = 'a'\nvalidator = 'luhn'\n",
		"rules.toml:4: key 'validator' is ignored: only built-in rules have it");
	assert_int_equal(ruleset_read(&r, text, strlen(text), "own.toml", true, &e), -EINVAL);
	assert_string_equal(e.msg, "own.toml:1: rule 'a' has no doc; own.toml:1: rule 'a' needs an "
				   "example and two near misses");
}

/* Read and checked. */
static int check_text(const char *text, struct ruleset *r, struct err *e)
{
	assert_read(r, text);
	return ruleset_check(r, "rules.toml", e);
}

static void a_check_tells_of_groups_that_are_not_there_and_of_wide_matches(void **state)
{
	cleanup_ruleset struct ruleset group = {0}, wide = {0}, good = {0};
	struct err e = {0};

	(void)state;
	assert_int_equal(
		check_text("[[rules]]\nid = 'a'\nregex = '(a)b'\nsecretGroup = 2\n", &group, &e),
		-EINVAL);
	assert_string_equal(e.msg, "rules.toml:1: rule 'a': secretGroup is 2, but the regex has 1");
	assert_int_equal(check_text("[[rules]]\nid = 'a'\nregex = 'a_[a-z]{9,}'\n", &wide, &e), 0);
	assert_string_equal(wide.warnings[0],
		"rules.toml:1: rule 'a': what it matches can be longer than 1024 bytes, of which "
		"only so many are looked at");
	assert_int_equal(check_text("[[rules]]\nid = 'a'\nregex = '(a_[a-z]{9,99})(?:b|$)'\n"
				    "secretGroup = 1\n[allowlist]\nregexes = ['x']\n",
				 &good, &e),
		0);
	assert_null(good.warnings);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_built_in_rules_are_read_without_a_warning),
		cmocka_unit_test(a_rule_in_gitleaks_keys_is_read),
		cmocka_unit_test(all_errors_of_a_file_are_told_at_once),
		cmocka_unit_test(what_cannot_be_expressed_is_a_warning_with_its_line),
		cmocka_unit_test(what_would_allow_more_when_it_is_ignored_is_an_error),
		cmocka_unit_test(a_rule_extends_takes_the_place_of_or_removes_an_earlier_one),
		cmocka_unit_test(an_allowlist_may_be_of_all_rules_or_of_some),
		cmocka_unit_test(our_own_keys_are_for_built_in_rules),
		cmocka_unit_test(a_check_tells_of_groups_that_are_not_there_and_of_wide_matches),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
