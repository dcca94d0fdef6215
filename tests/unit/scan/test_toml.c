#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/ptr.h"
#include "base/str.h"
#include "scan/toml.h"

static struct toml_doc *parse(const char *text)
{
	struct toml_doc *d = NULL;
	struct err e = {0};

	if (toml_parse(text, strlen(text), "f.toml", &d, &e) < 0)
		fail_msg("%s", e.msg);
	return d;
}

static const struct toml *within(const struct toml *table, const char *key)
{
	for (const struct toml *v = table->first; v; v = v->next)
		if (strcmp(v->key, key) == 0)
			return v;
	fail_msg("there is no '%s'", key);
	return NULL;
}

static const struct toml *get(const struct toml_doc *d, const char *key)
{
	return within(toml_root(d), key);
}

static void assert_string(const char *text, const char *expected, size_t len)
{
	cleanup_toml struct toml_doc *d = parse(text);
	const struct toml *v = get(d, "s");

	assert_int_equal(v->type, TOML_STRING);
	assert_int_equal(v->len, len);
	assert_memory_equal(v->s, expected, len + 1);
}
#define assert_text(text, expected) assert_string(text, expected, sizeof(expected) - 1)

static void assert_refused(const char *text, const char *message)
{
	struct toml_doc *d = NULL;
	struct err e = {0};

	if (toml_parse(text, strlen(text), "f.toml", &d, &e) != -EINVAL)
		fail_msg("taken: %s", text);
	assert_null(d);
	assert_string_equal(e.msg, message);
}

static void strings_of_all_four_kinds_are_read(void **state)
{
	(void)state;
	assert_text("s = \"a\\tb\\\"\\\\\\u00e9\\U0001F600\"", "a\tb\"\\\xc3\xa9\xf0\x9f\x98\x80");
	assert_text("s = \"nul \\u0000 within\"", "nul \0 within");
	assert_text("s = 'a\\n\"b'", "a\\n\"b");
	assert_text("s = ''", "");
	assert_text("s = \"\"", "");
	assert_text("s = \"\"\"\na\nb\\   \n\n   c\\\"\"\"\"", "a\nbc\"");
	assert_text("s = '''\r\na\\\r\nb'''", "a\\\r\nb");
	assert_text("s = '''''two quotes'''''", "''two quotes''");
	assert_text("s = \"\"\"\"\"\"", "");
}

static void numbers_are_read_in_all_their_forms(void **state)
{
	static const struct {
		const char *text;
		int64_t value;
	} whole[] = {{"n = +99", 99}, {"n = -0", 0}, {"n = 1_000", 1000},
		{"n = 0xdead_BEEF", 0xdeadbeef}, {"n = 0o755", 0755}, {"n = 0b1101", 13},
		{"n = 9223372036854775807", INT64_MAX}, {"n = -9223372036854775808", INT64_MIN}};
	static const struct {
		const char *text;
		double value;
	} real[] = {{"n = 3.25", 3.25}, {"n = -0.5e2", -50}, {"n = 1e06", 1e6},
		{"n = 6_0.1_5", 60.15}, {"n = inf", INFINITY}, {"n = -inf", -INFINITY}};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(whole); i++) {
		cleanup_toml struct toml_doc *d = parse(whole[i].text);

		assert_int_equal(get(d, "n")->type, TOML_INTEGER);
		assert_true(get(d, "n")->integer == whole[i].value);
	}
	for (size_t i = 0; i < ARRAY_LEN(real); i++) {
		cleanup_toml struct toml_doc *d = parse(real[i].text);

		assert_int_equal(get(d, "n")->type, TOML_FLOAT);
		assert_true(get(d, "n")->real == real[i].value);
	}
}

static void booleans_and_dates_are_read(void **state)
{
	static const char *const dates[] = {"1979-05-27T07:32:00Z", "1979-05-27 00:32:00.999-07:00",
		"1979-05-27T07:32:00", "1979-05-27", "07:32:00", "2000-02-29", "00:32:00.5"};
	cleanup_toml struct toml_doc *d = parse("a = true\nb = false # no\n");

	(void)state;
	assert_int_equal(get(d, "a")->type, TOML_BOOLEAN);
	assert_int_equal(get(d, "a")->integer, 1);
	assert_int_equal(get(d, "b")->integer, 0);
	for (size_t i = 0; i < ARRAY_LEN(dates); i++) {
		cleanup_free char *text = str_format("d = %s\n", dates[i]);
		cleanup_toml struct toml_doc *date = parse(text);

		assert_int_equal(get(date, "d")->type, TOML_DATE);
		assert_string_equal(get(date, "d")->s, dates[i]);
	}
}

static void arrays_and_inline_tables_are_read(void **state)
{
	cleanup_toml struct toml_doc *d = parse(
		"a = [ 1, 'x', # why\n [ 2 ], ]\nt = { x = 1, y.z = \"b\" }\ne = []\nf = {}\n");
	const struct toml *a = get(d, "a"), *t = get(d, "t");

	(void)state;
	assert_int_equal(a->type, TOML_ARRAY);
	assert_int_equal(a->first->integer, 1);
	assert_string_equal(a->first->next->s, "x");
	assert_int_equal(a->first->next->next->first->integer, 2);
	assert_int_equal(a->first->next->next->line, 2);
	assert_null(a->first->next->next->next);
	assert_int_equal(within(t, "x")->integer, 1);
	assert_string_equal(within(within(t, "y"), "z")->s, "b");
	assert_null(get(d, "e")->first);
	assert_null(get(d, "f")->first);
}

static void tables_are_put_together_from_headers_and_dotted_keys(void **state)
{
	cleanup_toml struct toml_doc *d = parse("[a.b]\nx = 1\n[a]\ny = 2\nc.d.\"e f\" = 3\n"
						"[[a.list]]\nn = 1\n[a.list.sub]\nm = 1\n"
						"[[a.list]]\nn = 2\n['q.r']\n");
	const struct toml *a = get(d, "a"), *list = within(a, "list");

	(void)state;
	assert_int_equal(within(within(a, "b"), "x")->integer, 1);
	assert_int_equal(within(a, "y")->integer, 2);
	assert_int_equal(within(within(within(a, "c"), "d"), "e f")->integer, 3);
	assert_string_equal(toml_type_name(list), "an array of tables");
	assert_int_equal(list->n, 2);
	assert_int_equal(within(within(list->first, "sub"), "m")->integer, 1);
	assert_int_equal(within(list->last, "n")->integer, 2);
	assert_int_equal(list->last->line, 10);
	assert_non_null(within(toml_root(d), "q.r"));
}

static void what_stands_twice_is_refused(void **state)
{
	(void)state;
	assert_refused("a = 1\na = 2", "f.toml:2: 'a' stands here twice, first in line 1");
	assert_refused("[a]\n[a]", "f.toml:2: 'a' stands here twice, first in line 1");
	assert_refused("[a]\nb.c = 1\n[a.b]", "f.toml:3: 'b' stands here twice, first in line 2");
	assert_refused("[a.b]\n[a]\nb.c = 1", "f.toml:3: 'b' stands here twice, first in line 1");
	assert_refused("a = []\n[[a]]", "f.toml:2: 'a' stands here twice, first in line 1");
	assert_refused("[[a]]\n[a]", "f.toml:2: 'a' stands here twice, first in line 1");
	assert_refused("a = {}\n[a.b]",
		"f.toml:2: 'a' is a table since line 1, nothing can be added to it");
	assert_refused("a = 1\n[a.b]",
		"f.toml:2: 'a' is a whole number since line 1, nothing can be added to it");
	assert_refused("a = {b = 1, b = 2}", "f.toml:1: 'b' stands here twice, first in line 1");
	assert_refused("a.b = 1\na.b.c = 2", "f.toml:2: 'b' stands here twice, first in line 1");
}

static void a_mistake_is_told_with_its_line_and_what_would_be_right(void **state)
{
	(void)state;
	assert_refused("\n\na = b",
		"f.toml:3: 'b' is no value: a string needs quotes, else a number, "
		"true or false");
	assert_refused("a", "f.toml:1: '=' is missing behind the key 'a'");
	assert_refused("= 1",
		"f.toml:1: a key is missing: letters, digits, _ and -, or a string in "
		"quotes");
	assert_refused("a = ", "f.toml:1: a value is missing");
	assert_refused("a = 1 b = 2",
		"f.toml:1: something stands behind the value or header: a new "
		"line must begin");
	assert_refused("a = 'x\n", "f.toml:1: the string does not end on its line: ' is missing");
	assert_refused("a = '''x\n\n", "f.toml:1: the string does not end: ''' is missing");
	assert_refused("a = \"\\d\"",
		"f.toml:1: \\d is no escape: there are \\b \\t \\n \\f \\r \\\" \\\\ \\uXXXX "
		"\\UXXXXXXXX; a pattern stands in '''…'''");
	assert_refused("a = \"\\ud800\"", "f.toml:1: U+D800 is no Unicode character");
	assert_refused("a = \"\\u12\"", "f.toml:1: an escape of 4 hexadecimal digits is cut short: "
					"\\u has 4, \\U has 8");
	assert_refused(
		"a = [1 2]", "f.toml:1: ',' or ']' is missing in the array that began in line 1");
	assert_refused("a = {b = 1\n}",
		"f.toml:1: ',' or '}' is missing in the table that began in "
		"line 1 and must end there");
	assert_refused("a = {b = 1,}", "f.toml:1: no ',' before '}'");
	assert_refused("[a", "f.toml:1: ']' is missing at the end of a header");
	assert_refused("[[a]", "f.toml:1: ']]' is missing at the end of a header");
	assert_refused("\"\"\"a\"\"\" = 1", "f.toml:1: a key cannot be a string of several lines");
	assert_refused("a = 1\rb = 2", "f.toml:1: a carriage return without a line feed behind it");
	assert_refused(
		"a = '\x01'", "f.toml:1: the control character 0x01; in a string write \\u0001");
	assert_refused("a = 1\nb = '\xc0\xaf'",
		"f.toml:2: byte 0xc0 is not UTF-8, which the file must be");
}

static void what_is_almost_a_number_or_a_date_is_refused(void **state)
{
	static const char *const wrong[] = {"01", "1__0", "_1", "1_", "0x", "0xg", "+0x1", "1.",
		".5", "1.e2", "9223372036854775808", "-9223372036854775809", "1e", "Inf",
		"1979-13-01", "1979-02-29", "1979-05-27T24:00:00", "07:32", "1979-05-27T07:32:00+9",
		"True", "0o8"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
		cleanup_free char *text = str_format("a = %s", wrong[i]);
		cleanup_free char *message = str_format(
			"f.toml:1: '%s' is no value: a string needs quotes, else a number, "
			"true or false",
			wrong[i]);

		assert_refused(text, message);
	}
}

/* A text of n times the same. */
static char *repeated(const char *before, const char *what, size_t n, const char *behind)
{
	struct str s = {0};

	str_add(&s, before);
	while (n-- > 0)
		str_add(&s, what);
	str_add(&s, behind);
	return str_take(&s);
}

static void depth_and_size_are_bounded(void **state)
{
	cleanup_free char *deep = repeated("a = ", "[", 40, "");
	cleanup_free char *dotted = repeated("a", ".a", 40, " = 1");
	cleanup_free char *number = repeated("a = ", "1", 200, "");
	cleanup_str struct str keys = {0};
	struct toml_doc *d = NULL;
	struct err e;

	(void)state;
	assert_refused(deep, "f.toml:1: values are nested at most 32 deep");
	assert_refused(dotted, "f.toml:1: a key has at most 32 parts");
	assert_refused(number,
		"f.toml:1: a value of 200 characters that is no string: quotes are missing");
	for (int i = 0; i <= TOML_KEYS_MAX; i++)
		str_addf(&keys, "k%d = 1\n", i);
	assert_refused(keys.s, "f.toml:513: a table has at most 512 keys");
	assert_int_equal(toml_parse("", TOML_TEXT_MAX + 1, "f.toml", &d, &e), -E2BIG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(strings_of_all_four_kinds_are_read),
		cmocka_unit_test(numbers_are_read_in_all_their_forms),
		cmocka_unit_test(booleans_and_dates_are_read),
		cmocka_unit_test(arrays_and_inline_tables_are_read),
		cmocka_unit_test(tables_are_put_together_from_headers_and_dotted_keys),
		cmocka_unit_test(what_stands_twice_is_refused),
		cmocka_unit_test(a_mistake_is_told_with_its_line_and_what_would_be_right),
		cmocka_unit_test(what_is_almost_a_number_or_a_date_is_refused),
		cmocka_unit_test(depth_and_size_are_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
