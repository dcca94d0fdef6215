#include "egress/journal_line.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void assert_value(const char *value, const char *written)
{
	cleanup_journal_line struct journal_line l = {0};
	cleanup_str struct str want = {0};

	str_addf(&want, ",\"n\":\"%s\"", written);
	journal_line_add(&l, "n", value);
	assert_string_equal(l.text.s, want.s);
}

static void values_are_ascii_that_commands_no_terminal(void **state)
{
	(void)state;
	assert_value("a b/c?d=%20", "a b/c?d=%20");
	assert_value("\"\\", "\\\"\\\\");
	assert_value("\x1b[2J\r\n\t\x7f", "\\u001b[2J\\u000d\\u000a\\u0009\\u007f");
	assert_value("\xc3\xa4\xe2\x80\xae", "\\u00e4\\u202e");
	assert_value("\xc2\x9b", "\\u009b");
	assert_value("\xf0\x9f\x8d\xbe", "\\ud83c\\udf7e");
}

static void what_is_no_utf8_is_said_to_be_none(void **state)
{
	(void)state;
	assert_value("\xff"
		     "a",
		"\\ufffda");
	assert_value("\xc0\xaf", "\\ufffd\\ufffd");
	assert_value("\xe0\x80\xaf", "\\ufffd\\ufffd\\ufffd");
	assert_value("\xed\xa0\x80", "\\ufffd\\ufffd\\ufffd");
	assert_value("\xf4\x90\x80\x80", "\\ufffd\\ufffd\\ufffd\\ufffd");
	assert_value("\xc3", "\\ufffd");
	assert_value("\xe2\x80", "\\ufffd\\ufffd");
}

static void an_absent_value_makes_no_member(void **state)
{
	cleanup_journal_line struct journal_line l = {0};

	(void)state;
	journal_line_add(&l, "a", NULL);
	journal_line_word(&l, "b", NULL);
	journal_line_span(&l, "c", 0, 5);
	journal_line_span(&l, "d", 5, 0);
	assert_int_equal(l.text.len, 0);
}

static void spans_are_milliseconds(void **state)
{
	cleanup_journal_line struct journal_line l = {0};

	(void)state;
	journal_line_span(&l, "t", 1000, 3041);
	assert_string_equal(l.text.s, ",\"t\":2.041");
}

static void a_long_value_is_cut_and_a_long_line_ends(void **state)
{
	cleanup_journal_line struct journal_line l = {0};
	char *value = malloc(JOURNAL_VALUE_MAX + 100);

	(void)state;
	assert_non_null(value);
	memset(value, 'v', JOURNAL_VALUE_MAX + 99);
	value[JOURNAL_VALUE_MAX + 99] = '\0';
	journal_line_add(&l, "n", value);
	assert_true(l.cut);
	assert_int_equal(l.text.len, JOURNAL_VALUE_MAX + strlen(",\"n\":\"\""));
	/* Each byte six in the line. */
	memset(value, '\x1b', JOURNAL_VALUE_MAX + 99);
	for (int i = 0; i < 10; i++)
		journal_line_add(&l, "n", value);
	assert_true(l.text.len < JOURNAL_LINE_MAX);
	assert_true(l.text.s[l.text.len - 1] == '"');
	free(value);
}

static struct http1_head head_of(const char *text)
{
	struct http1_head h;
	const char *why;

	assert_int_equal(
		http1_parse_request((const unsigned char *)text, strlen(text), &h, &why), 0);
	return h;
}

static void fields_have_lower_case_names_and_all_their_values(void **state)
{
	struct http1_head h = head_of("GET / HTTP/1.1\r\nHost: a.example\r\nX-N: 1\r\n"
				      "x-n: 2\r\nAccept: */*\r\n\r\n");
	cleanup_journal_line struct journal_line l = {0};

	(void)state;
	journal_line_fields(&l, "http.request.header", &h);
	assert_string_equal(l.text.s, ",\"http.request.header.host\":[\"a.example\"]"
				      ",\"http.request.header.x-n\":[\"1\",\"2\"]"
				      ",\"http.request.header.accept\":[\"*/*\"]");
	http1_head_done(&h);
}

static void fields_that_carry_credentials_are_named_and_not_told(void **state)
{
	struct http1_head h = head_of("GET / HTTP/1.1\r\nAuthorization: Basic eDp5\r\n"
				      "cookie: a=b\r\n\r\n");
	cleanup_journal_line struct journal_line l = {0};

	(void)state;
	journal_line_fields(&l, "h", &h);
	assert_string_equal(l.text.s,
		",\"h.authorization\":[\"[not logged]\"],\"h.cookie\":[\"[not logged]\"]");
	http1_head_done(&h);
}

/* Plays the scanner: knows one word, and fails over another. */
static int mask(void *arg, const char *name, char *value)
{
	char *found = strstr(value, "hidden");

	(void)arg;
	(void)name;
	if (found)
		memset(found, '*', 6);
	return strstr(value, "unclear") ? -EACCES : 0;
}

static void what_is_found_in_a_value_is_stars_and_what_is_not_clear_is_left_out(void **state)
{
	cleanup_journal_line struct journal_line l = {.mask = mask};

	(void)state;
	journal_line_add(&l, "a", "x=hidden;");
	journal_line_add(&l, "b", "unclear");
	assert_string_equal(l.text.s, ",\"a\":\"x=******;\",\"b\":\"[not logged]\"");
}

static void a_secret_at_the_cut_is_found_before_it_is_cut(void **state)
{
	cleanup_journal_line struct journal_line l = {.mask = mask};
	char value[JOURNAL_VALUE_MAX + 4];

	(void)state;
	memset(value, 'v', sizeof(value));
	memcpy(value + JOURNAL_VALUE_MAX - 3, "hidden", 7);
	journal_line_add(&l, "a", value);
	assert_null(strstr(l.text.s, "hid"));
	assert_non_null(strstr(l.text.s, "v***\""));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values_are_ascii_that_commands_no_terminal),
		cmocka_unit_test(what_is_no_utf8_is_said_to_be_none),
		cmocka_unit_test(an_absent_value_makes_no_member),
		cmocka_unit_test(spans_are_milliseconds),
		cmocka_unit_test(a_long_value_is_cut_and_a_long_line_ends),
		cmocka_unit_test(fields_have_lower_case_names_and_all_their_values),
		cmocka_unit_test(fields_that_carry_credentials_are_named_and_not_told),
		cmocka_unit_test(
			what_is_found_in_a_value_is_stars_and_what_is_not_clear_is_left_out),
		cmocka_unit_test(a_secret_at_the_cut_is_found_before_it_is_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
