#include "base/regex.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static enum regex_fit fit(const char *pattern, bool caseless, const char *text)
{
	struct regex *x;
	struct err e = {0};
	enum regex_fit ret;

	assert_int_equal(regex_new(pattern, caseless, &x, &e), 0);
	ret = regex_test(x, text, strlen(text));
	regex_free(x);
	return ret;
}

static void a_pattern_is_for_the_whole_text(void **state)
{
	(void)state;
	assert_int_equal(fit("/a+", false, "/aaa"), REGEX_YES);
	assert_int_equal(fit("/a+", false, "/aaab"), REGEX_NO);
	assert_int_equal(fit("/a+", false, "x/a"), REGEX_NO);
	assert_int_equal(fit("/a|/b", false, "/bx"), REGEX_NO);
	assert_int_equal(fit("/a$", false, "/a\n"), REGEX_NO);
	assert_int_equal(fit("/A", false, "/a"), REGEX_NO);
	assert_int_equal(fit("/A", true, "/a"), REGEX_YES);
}

static void what_takes_too_long_is_given_up(void **state)
{
	char text[4000];

	(void)state;
	memset(text, 'a', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	assert_int_equal(fit("a+", false, text), REGEX_YES);
	text[sizeof(text) - 2] = '!';
	assert_int_equal(fit("(a+)+", false, text), REGEX_LOST);
	assert_int_equal(fit("(a|aa)+", false, text), REGEX_LOST);
}

static void a_wrong_pattern_is_told_with_its_place(void **state)
{
	struct regex *x;
	struct err e = {0};

	(void)state;
	assert_int_equal(regex_new("/a(b", false, &x, &e), -EINVAL);
	assert_string_equal(e.msg,
		"no regular expression (missing closing parenthesis, at character 4): '/a(b'");
	e = (struct err){0};
	assert_int_equal(regex_check("/[b-a]", &e), -EINVAL);
	assert_non_null(strstr(e.msg, "at character 4): '/[b-a]'"));
	assert_int_equal(regex_check("/[a-b]", &e), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_pattern_is_for_the_whole_text),
		cmocka_unit_test(what_takes_too_long_is_given_up),
		cmocka_unit_test(a_wrong_pattern_is_told_with_its_place),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
