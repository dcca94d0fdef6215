#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/str.h"
#include "scan/placeholder.h"
#include "scan/verdict.h"
#include "tests/lib/template.c"

/*
 * The verdict on the first rule of an operator's file; the match is what stands between ‹ and ›,
 * the secret what stands between « and » in it.
 */
static int verdict(
	const char *rules, const char *path, const char *marked, enum scan_confidence *confidence)
{
	static const char *const marks[] = {"‹", "›", "«", "»"};
	cleanup_ruleset struct ruleset r = {0};
	cleanup_str struct str text = {0};
	struct verdicts *v = NULL;
	size_t at[4] = {0};
	struct err e = {0};
	int rc;

	while (*marked) {
		size_t i = 0;

		while (i < ARRAY_LEN(marks) && !str_starts(marked, marks[i]))
			i++;
		if (i < ARRAY_LEN(marks))
			at[i] = text.len;
		else
			str_add_char(&text, *marked);
		marked += i < ARRAY_LEN(marks) ? strlen(marks[i]) : 1;
	}
	if (ruleset_read(&r, rules, strlen(rules), "rules", false, &e) < 0 ||
		verdicts_new(&r, &v, &e) < 0)
		fail_msg("%s", e.msg);
	const struct verdict_match m = {.path = path,
		.text = (const unsigned char *)text.s,
		.len = text.len,
		.start = at[0],
		.end = at[1],
		.secret_start = at[2],
		.secret_end = at[3]};
	rc = verdict_of(v, &m, confidence, &e);
	verdicts_free(v);
	return rc;
}

#define assert_found(rules, path, text, expected)                                                  \
	do {                                                                                       \
		enum scan_confidence found_c;                                                      \
		assert_int_equal(verdict(rules, path, text, &found_c), expected);                  \
	} while (0)

#define RULE "[[rules]]\nid = 'a'\nregex = 'a'\n"

static void a_match_is_a_finding_of_medium_confidence(void **state)
{
	enum scan_confidence c;

	(void)state;
	assert_int_equal(verdict(RULE, NULL, "x ‹key=«abc»› y", &c), 1);
	assert_int_equal(c, SCAN_MEDIUM);
}

static void a_secret_below_the_floor_of_entropy_is_none(void **state)
{
	(void)state;
	/* Eight different of eight: 3 bits, which is no more than the floor. */
	assert_found(RULE "entropy = 3\n", NULL, "‹«adkqwzbn»›", 0);
	assert_found(RULE "entropy = 2.99\n", NULL, "‹«adkqwzbn»›", 1);
	assert_found(RULE "entropy = 2.5\n", NULL, "‹key «aabbccdd»›", 0);
}

static void a_path_is_a_condition(void **state)
{
	(void)state;
	assert_found(RULE "path = '''\\.env$'''\n", "src/.env", "‹«abc»›", 1);
	assert_found(RULE "path = '''\\.env$'''\n", "src/.env.c", "‹«abc»›", 0);
	assert_found(RULE "path = '''\\.env$'''\n", NULL, "‹«abc»›", 0);
}

static void an_allowlist_of_the_rule_or_of_all_spares(void **state)
{
	static const char *const rules[] = {
		RULE "[rules.allowlist]\nregexes = ['''^s.c''']\n",
		RULE "[rules.allowlist]\nregexTarget = 'match'\nregexes = ['''^key=''']\n",
		RULE "[rules.allowlist]\nregexTarget = 'line'\nregexes = ['''# test$''']\n",
		RULE "[rules.allowlist]\nstopwords = ['EC']\n",
		RULE "[rules.allowlist]\npaths = ['''^doc/''']\n",
		"[allowlist]\nstopwords = ['sec']\n" RULE,
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rules); i++) {
		assert_found(rules[i], "doc/x", "one\n‹key=«sEc1»› # test\ntwo", 0);
		assert_found(rules[i], "src/x", "one\n‹kex=«other»›\n# test\ntwo", 1);
	}
}

static void conditions_are_joined_by_or_unless_they_say_and(void **state)
{
	static const char or [] = RULE "[rules.allowlist]\nstopwords = ['x']\npaths = ['y']\n";
	static const char and[] = RULE "[rules.allowlist]\ncondition = 'AND'\nstopwords = ['x']\n"
				       "paths = ['y']\n";

	(void)state;
	assert_found(or, "y", "‹«abc»›", 0);
	assert_found(or, NULL, "‹«axc»›", 0);
	assert_found(and, "y", "‹«abc»›", 1);
	assert_found(and, NULL, "‹«axc»›", 1);
	assert_found(and, "y", "‹«axc»›", 0);
}

static void a_pattern_that_takes_too_many_steps_decides_nothing(void **state)
{
	static const char rules[] = RULE "[rules.allowlist]\nregexes = ['''^(a|aa|b+)+$''']\n";
	cleanup_str struct str text = {0};

	(void)state;
	str_add(&text, "‹«");
	for (int i = 0; i < 60; i++)
		str_add(&text, "a");
	str_add(&text, "!»›");
	assert_found(rules, NULL, text.s, -EIO);
}

/* ---- built-in rules: validators and placeholders */

static int builtin_verdict(const char *validator, const char *template, enum scan_confidence *ret)
{
	cleanup_free char *rules = str_format(
		"[[rules]]\nid = 'a'\ndescription = 'an A'\ndoc = 'd'\nregex = 'a'\nexample = "
		"['a']\nnear = ['b', 'c']\nvalidator = '%s'\n",
		validator);
	cleanup_ruleset struct ruleset r = {0};
	cleanup_str struct str text = {0};
	struct template_random random = {7};
	struct verdicts *v = NULL;
	const char *why = "";
	struct err e = {0};
	int rc;

	if (ruleset_read(&r, rules, strlen(rules), "rules", true, &e) < 0 ||
		verdicts_new(&r, &v, &e) < 0)
		fail_msg("%s", e.msg);
	if (!template_expand(template, &random, &text, &why))
		fail_msg("%s: %s", template, why);
	const struct verdict_match m = {.text = (const unsigned char *)text.s,
		.len = text.len,
		.end = text.len,
		.secret_end = text.len};
	rc = verdict_of(v, &m, ret, &e);
	verdicts_free(v);
	return rc;
}

static void a_checksum_decides(void **state)
{
	enum scan_confidence c;

	(void)state;
	assert_int_equal(builtin_verdict("luhn", "<luhn:4:16>", &c), 1);
	assert_int_equal(c, SCAN_HIGH);
	assert_int_equal(builtin_verdict("luhn", "<luhn-bad:4:16>", &c), 0);
	assert_int_equal(builtin_verdict("bip39", "<bip39-bad:12>", &c), 0);
	assert_int_equal(builtin_verdict("github", "<github-checksum:ghx_:30>", &c), 1);
	assert_int_equal(c, SCAN_HIGH);
}

static void a_made_up_token_of_a_vendor_s_form_is_still_found(void **state)
{
	enum scan_confidence c;

	(void)state;
	assert_int_equal(builtin_verdict("github", "ghx_<alnum:36>", &c), 1);
	assert_int_equal(c, SCAN_MEDIUM);
	assert_int_equal(builtin_verdict("aws", "AKIX<set:ABC2019:16>", &c), 1);
	assert_int_equal(c, SCAN_MEDIUM);
}

static void placeholders_are_known(void **state)
{
	static const char *const placeholders[] = {"your_api_key_here", "xxxxxxxxxxxxxxxxxxxx",
		"0123456789abcdef0123456789abcdef", "abcdefghijklmnopqrstuvwxyz", "changeme",
		"ghp_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", "sk-your-secret-key",
		"INSERT_TOKEN_HERE", "deadbeefdeadbeefdeadbeef", "1234567890", "****************",
		"my-super-secret-token", "REPLACE_ME", "sk-ant-api03-xxxxxxxxxxxx",
		"AKIA0000000000EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "987654321",
		"aaaabbbbccccdddd", "hf_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(placeholders); i++)
		if (!placeholder_is(
			    (const unsigned char *)placeholders[i], strlen(placeholders[i])))
			fail_msg("%s", placeholders[i]);
}

static void random_values_are_no_placeholders_even_beside_such_words(void **state)
{
	static const char *const templates[] = {"<alnum:16>", "<hex:32>", "<base64:40>",
		"<alnum:8>", "<digit:16>", "ghx_<alnum:36>",
		"sk-test-key-<alnum:20>-example-test-key-secret", "<uuid>", "<lower:20>",
		"example<alnum:24>example"};
	struct template_random random = {3};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(templates) * 200; i++) {
		const char *template = templates[i % ARRAY_LEN(templates)], *why = "";
		cleanup_str struct str s = {0};

		assert_true(template_expand(template, &random, &s, &why));
		if (placeholder_is((const unsigned char *)s.s, s.len))
			fail_msg("%s, round %zu", template, i);
	}
}

static void assert_refers(const char *marked, bool expected)
{
	const char *start = strstr(marked, "«"), *end = strstr(marked, "»");
	cleanup_free char *text = str_format("%.*s%.*s%s", (int)(start - marked), marked,
		(int)(end - start) - 2, start + 2, end + 2);
	size_t from = (size_t)(start - marked), to = (size_t)(end - marked) - 2;

	if (placeholder_refers((const unsigned char *)text, strlen(text), from, to) != expected)
		fail_msg("%s", marked);
}

static void names_of_values_are_references(void **state)
{
	(void)state;
	assert_refers("key = «process.env.API_KEY»;", true);
	assert_refers("key=«${API_KEY}»", true);
	assert_refers("key=${«API_KEY»}", true);
	assert_refers("key=$«API_KEY»", true);
	assert_refers("key: {{ «vault_key» }}", true);
	assert_refers("key: «{{vault_key}}»", true);
	assert_refers("key=%«API_KEY»%", true);
	assert_refers("key=<«api-key»>", true);
	assert_refers("key=«os.environ['KEY']»", true);
	assert_refers("key: «settings.secrets.api_key»", true);
	assert_refers("key=«k3J9.x7Qm2»", false);
	assert_refers("key=«k3J9x7Qm2»", false);
	assert_refers("100% key=«k3J9x7Qm2»", false);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_match_is_a_finding_of_medium_confidence),
		cmocka_unit_test(a_secret_below_the_floor_of_entropy_is_none),
		cmocka_unit_test(a_path_is_a_condition),
		cmocka_unit_test(an_allowlist_of_the_rule_or_of_all_spares),
		cmocka_unit_test(conditions_are_joined_by_or_unless_they_say_and),
		cmocka_unit_test(a_pattern_that_takes_too_many_steps_decides_nothing),
		cmocka_unit_test(a_checksum_decides),
		cmocka_unit_test(a_made_up_token_of_a_vendor_s_form_is_still_found),
		cmocka_unit_test(placeholders_are_known),
		cmocka_unit_test(random_values_are_no_placeholders_even_beside_such_words),
		cmocka_unit_test(names_of_values_are_references),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
