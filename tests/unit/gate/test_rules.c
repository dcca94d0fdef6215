#include "gate/rules.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

static void a_pattern_without_a_star_is_a_name(void **state)
{
	(void)state;
	assert_true(rules_match("refs/heads/main", "refs/heads/main"));
	assert_false(rules_match("refs/heads/main", "refs/heads/main2"));
	assert_false(rules_match("refs/heads/main", "refs/heads/mai"));
	assert_false(rules_match("refs/heads/main", "refs/heads/Main"));
	assert_false(rules_match("", "refs/heads/main"));
	assert_true(rules_match("refs/heads/a?[b]", "refs/heads/a?[b]"));
	assert_false(rules_match("refs/heads/a?", "refs/heads/ab"));
}

static void a_star_stands_for_any_characters(void **state)
{
	(void)state;
	assert_true(rules_match("*", ""));
	assert_true(rules_match("*", "refs/heads/main"));
	assert_true(rules_match("**", "refs/heads/main"));
	assert_true(rules_match("refs/heads/agent/*", "refs/heads/agent/"));
	assert_true(rules_match("refs/heads/agent/*", "refs/heads/agent/a/b"));
	assert_false(rules_match("refs/heads/agent/*", "refs/heads/agent"));
	assert_true(rules_match("refs/*/fix-*", "refs/heads/x/fix-1"));
	assert_false(rules_match("refs/*/fix-*", "refs/heads/x/fixed"));
	assert_true(rules_match("*ab*ab", "abab"));
	assert_false(rules_match("*ab*ab", "ab"));
	assert_false(rules_match("ab*ba", "aba"));
	assert_true(rules_match("a*b*c", "axbxbxc"));
	assert_false(rules_match("a*b*c", "axbxbxcx"));
}

static void case_counts_only_where_it_shall(void **state)
{
	(void)state;
	assert_true(rules_match_folded("refs/heads/main", "refs/heads/MAIN"));
	assert_true(rules_match_folded("refs/*/Rel-*-x", "refs/Heads/REL-1-X"));
	assert_false(rules_match("refs/*/rel-*", "refs/heads/REL-1"));
}

static void a_long_pattern_takes_no_long_time(void **state)
{
	char pattern[4001], name[60001];
	clock_t began = clock();

	(void)state;
	for (size_t i = 0; i < sizeof(pattern) - 1; i += 2)
		memcpy(pattern + i, "*a", 2);
	pattern[sizeof(pattern) - 2] = 'b';
	pattern[sizeof(pattern) - 1] = '\0';
	memset(name, 'a', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	assert_false(rules_match(pattern, name));
	assert_false(rules_match_folded(pattern, name));
	assert_true(clock() - began < CLOCKS_PER_SEC / 2);
}

static char agent[] = "refs/heads/agent/*", tags[] = "refs/tags/*", its[] = "refs/heads/agent/main";
static char *one[] = {agent, tags, NULL};
static char *none[] = {its, NULL};

/* `old` and `new`: a digit that the whole name is made of. */
static enum rule judge(
	const struct policy_push *p, const char *ref, char old, char new, bool rewinds)
{
	struct command c = {.ref = strdup(ref)};
	enum rule rule;

	memset(c.old, old, 40);
	memset(c.new, new, 40);
	rule = rules_judge(p, &c, rewinds);
	free(c.ref);
	return rule;
}

static void without_rules_everything_is_allowed(void **state)
{
	struct policy_push p = {.force = true, .delete = true};

	(void)state;
	assert_int_equal(judge(&p, "refs/heads/main", '1', '2', true), RULE_NONE);
	assert_int_equal(judge(&p, "refs/tags/v1", '1', '2', true), RULE_NONE);
	assert_int_equal(judge(&p, "refs/pull/1/head", '1', '0', false), RULE_NONE);
}

static void what_is_not_allowed_or_denied_is_told_by_its_rule(void **state)
{
	struct policy_push p = {.allow = one, .deny = none, .force = true, .delete = true};

	(void)state;
	assert_int_equal(judge(&p, "refs/heads/agent/x", '0', '2', false), RULE_NONE);
	assert_int_equal(judge(&p, "refs/heads/main", '0', '2', false), RULE_ALLOW);
	assert_int_equal(judge(&p, "refs/meta/config", '0', '2', false), RULE_ALLOW);
	assert_int_equal(judge(&p, "refs/heads/agent/main", '0', '2', false), RULE_DENY);
	assert_int_equal(judge(&p, "refs/heads/agent/Main", '0', '2', false), RULE_DENY);
	assert_int_equal(judge(&p, "refs/heads/main", '1', '0', false), RULE_ALLOW);
}

static void an_empty_list_allows_nothing(void **state)
{
	char *empty[] = {NULL};
	struct policy_push p = {.allow = empty, .force = true, .delete = true};

	(void)state;
	assert_int_equal(judge(&p, "refs/heads/main", '0', '2', false), RULE_ALLOW);
}

static void force_and_delete_can_be_forbidden_apart(void **state)
{
	struct policy_push p = {.force = false, .delete = true};

	(void)state;
	assert_int_equal(judge(&p, "refs/heads/main", '1', '2', false), RULE_NONE);
	assert_int_equal(judge(&p, "refs/heads/main", '1', '2', true), RULE_FORCE);
	assert_int_equal(judge(&p, "refs/heads/new", '0', '2', true), RULE_NONE);
	assert_int_equal(judge(&p, "refs/tags/v1", '1', '2', false), RULE_FORCE);
	assert_int_equal(judge(&p, "refs/tags/v2", '0', '2', false), RULE_NONE);
	assert_int_equal(judge(&p, "refs/tags/v1", '1', '0', false), RULE_NONE);
	p = (struct policy_push){.force = true, .delete = false};
	assert_int_equal(judge(&p, "refs/tags/v1", '1', '0', false), RULE_DELETE);
	assert_int_equal(judge(&p, "refs/heads/main", '1', '2', true), RULE_NONE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_pattern_without_a_star_is_a_name),
		cmocka_unit_test(a_star_stands_for_any_characters),
		cmocka_unit_test(case_counts_only_where_it_shall),
		cmocka_unit_test(a_long_pattern_takes_no_long_time),
		cmocka_unit_test(without_rules_everything_is_allowed),
		cmocka_unit_test(what_is_not_allowed_or_denied_is_told_by_its_rule),
		cmocka_unit_test(an_empty_list_allows_nothing),
		cmocka_unit_test(force_and_delete_can_be_forbidden_apart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
