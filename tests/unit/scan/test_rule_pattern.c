#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "base/ptr.h"
#include "scan/rule_pattern.h"

/* What the pattern finds in the text, by PCRE2 as the matcher asks it. */
static void assert_finds(const char *re2, const char *text, const char *expected)
{
	cleanup_free char *pattern = NULL;
	pcre2_match_data *data = pcre2_match_data_create(64, NULL);
	struct err e = {0};
	bool wider = false;
	pcre2_code *code;
	PCRE2_SIZE at, *span;
	int rc;

	if (rule_pattern_of_re2(re2, &pattern, &wider, &e) < 0)
		fail_msg("/%s/: %s", re2, e.msg);
	code = pcre2_compile((PCRE2_SPTR)pattern, PCRE2_ZERO_TERMINATED,
		PCRE2_DOLLAR_ENDONLY | PCRE2_NEVER_UTF | PCRE2_NEVER_BACKSLASH_C, &rc, &at, NULL);
	if (!code)
		fail_msg("/%s/ became /%s/, which does not compile", re2, pattern);
	rc = pcre2_match(code, (PCRE2_SPTR)text, strlen(text), 0, 0, data, NULL);
	span = pcre2_get_ovector_pointer(data);
	if (!expected && rc >= 0)
		fail_msg("/%s/ became /%s/, which finds something", re2, pattern);
	if (expected && (rc < 0 || span[1] - span[0] != strlen(expected) ||
				memcmp(text + span[0], expected, strlen(expected)) != 0))
		fail_msg("/%s/ became /%s/, which does not find '%s'", re2, pattern, expected);
	pcre2_code_free(code);
	pcre2_match_data_free(data);
}

static void assert_refused(const char *re2, const char *message)
{
	cleanup_free char *pattern = NULL;
	struct err e = {0};
	bool wider;

	if (rule_pattern_of_re2(re2, &pattern, &wider, &e) != -EINVAL)
		fail_msg("/%s/ was taken: /%s/", re2, pattern);
	assert_string_equal(e.msg, message);
}

static void what_both_read_alike_stays(void **state)
{
	(void)state;
	assert_finds("(?i)ab[cd]{2,3}(x|y)?", "zABcdCx", "ABcdCx");
	assert_finds("a.c", "a\nc abc", "abc");
	assert_finds("(?s)a.c", "a\nc", "a\nc");
	assert_finds("(?m)^b$", "a\nb\nc", "b");
	assert_finds("\\bkey\\b", "monkey key", "key");
	assert_finds("[]a]+[^]b]", "]]ac", "]]ac");
	assert_finds("[[:word:]-]+", ". a_1-b .", "a_1-b");
}

static void ends_are_those_of_the_text(void **state)
{
	(void)state;
	assert_finds("a$", "a\n", NULL);
	assert_finds("a\\z", "ba", "a");
	assert_finds("a\\z", "a\n", NULL);
	assert_finds("(?m)\\Ab", "a\nb", NULL);
	assert_finds("(?m)a\\z", "a\n", NULL);
	assert_finds("^*a", "a", "a");
}

static void what_pcre2_reads_differently_is_rewritten(void **state)
{
	(void)state;
	assert_finds("a\\vb", "a\nb", NULL);
	assert_finds("a\\vb", "a\vb", "a\vb");
	assert_finds("\\Qa.b|\\E+c", "a.b||c", "a.b||c");
	assert_finds("\\Q*.", "*.", "*.");
	assert_finds("\\101\\x42\\x{43}", "ABC", "ABC");
	assert_finds("a\\Cb", "a\nb", "a\nb");
	assert_finds("(?P<n>a)(?<m>b)", "ab", "ab");
	assert_finds("(?U)a+", "aaa", "a");
	assert_finds("(?U)a+?", "aaa", "aaa");
	assert_finds("(?U:a{1,})b??", "aab", "a");
	assert_finds("{a}{,2}b{1", "{a}{,2}b{1", "{a}{,2}b{1");
	assert_finds("\\pN+\\p{Lu}\\P{L}", "x12A-", "12A-");
}

static void characters_beyond_ascii_are_their_bytes(void **state)
{
	(void)state;
	assert_finds("\xc3\xa9+x", "\xc3\xa9\xc3\xa9x", "\xc3\xa9\xc3\xa9x");
	assert_finds("[a\xc3\xa9]+", "\xc3\xa9\x61z", "\xc3\xa9\x61");
	assert_finds("\\x{e9}", "\xc3\xa9", "\xc3\xa9");
	assert_finds("\\x{1F600}", "\xf0\x9f\x98\x80", "\xf0\x9f\x98\x80");
	assert_finds("[^a]x", "\xc3\xa9x", "\xa9x");
}

static void a_class_that_is_negated_in_either_case_leaves_out_both(void **state)
{
	(void)state;
	assert_finds("(?i)[^a-z]", "abcXYZ", NULL);
	assert_finds("(?i:[^b])[^b]", "BaB", "aB");
}

static void more_than_was_meant_is_told(void **state)
{
	static const char *const wider[] = {"\\pL", "[^\xc3\xa9]", "[\\x{100}-\\x{200}]"};
	struct err e;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(wider); i++) {
		cleanup_free char *pattern = NULL;
		bool is = false;

		assert_int_equal(rule_pattern_of_re2(wider[i], &pattern, &is, &e), 0);
		assert_true(is);
	}
	assert_finds("[\\x{100}-\\x{200}]x", "\xd0\x80x", "\xd0\x80x");
}

static void what_re2_does_not_have_is_refused_by_name(void **state)
{
	(void)state;
	assert_refused("(?=a)", "(? is followed by what RE2 has not: look-around, atomic groups, "
				"conditions, comments, flags other than i, m, s, U");
	assert_refused("(?<!a)b", "(? is followed by what RE2 has not: look-around, atomic groups, "
				  "conditions, comments, flags other than i, m, s, U");
	assert_refused("(?x)a", "(? is followed by what RE2 has not: look-around, atomic groups, "
				"conditions, comments, flags other than i, m, s, U");
	assert_refused("(*NO_JIT)a", "(* is followed by what RE2 has not");
	assert_refused("(a)\\1", "\\1: RE2 has no references to groups");
	assert_refused("a++", "a repetition of a repetition, which RE2 does not have");
	assert_refused("\\Ra", "\\R is no escape of RE2's");
	assert_refused("a{2000}", "a repetition {n,m}: RE2 has up to 1000, in order");
	assert_refused("a{3,0}", "a repetition {n,m}: RE2 has up to 1000, in order");
	assert_refused("*a", "a repetition of nothing");
	assert_refused("(a", "( without )");
	assert_refused("a)", ") without (");
	assert_refused("[a", "[ without ]");
	assert_refused("[b-a]", "a range in [] whose ends are not in order");
	assert_refused("[[:foo:]]", "[:foo:] is no class of RE2's");
	assert_refused("\\p{Greek}",
		"\\p{Greek} cannot be expressed: write the characters that are meant");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_both_read_alike_stays),
		cmocka_unit_test(ends_are_those_of_the_text),
		cmocka_unit_test(what_pcre2_reads_differently_is_rewritten),
		cmocka_unit_test(characters_beyond_ascii_are_their_bytes),
		cmocka_unit_test(a_class_that_is_negated_in_either_case_leaves_out_both),
		cmocka_unit_test(more_than_was_meant_is_told),
		cmocka_unit_test(what_re2_does_not_have_is_refused_by_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
