#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/ptr.h"
#include "base/str.h"
#include "scan/values.h"
#include "tests/lib/random.h"

/* "name:value|" of each value; of names "=:name|". */
struct seen {
	struct str text;
	bool is_open;
};

static int on_piece(void *arg, const char *name, const unsigned char *p, size_t len)
{
	struct seen *s = arg;

	assert_true(len > 0);
	if (!s->is_open) {
		str_add(&s->text, name);
		str_add(&s->text, ":");
	}
	s->is_open = true;
	str_add_bytes(&s->text, p, len);
	return 0;
}

static int on_end(void *arg)
{
	struct seen *s = arg;

	assert_true(s->is_open);
	s->is_open = false;
	str_add(&s->text, "|");
	return 0;
}

/* In pieces of at most `piece` bytes; 0: at random places. */
static char *values(enum values_kind kind, const char *text, size_t piece)
{
	struct values_reader *r = values_open(kind);
	struct seen seen = {0};
	const struct values_out out = {on_piece, on_end, &seen};
	size_t len = strlen(text), n;

	for (size_t at = 0; at < len; at += n) {
		n = piece ? piece : next_random() % 9;
		n = n < len - at ? n : len - at;
		assert_int_equal(values_feed(r, (const unsigned char *)text + at, n, &out), 0);
	}
	assert_int_equal(values_finish(r, &out), 0);
	assert_false(seen.is_open);
	values_close(r);
	return str_take(&seen.text);
}

static void are(enum values_kind kind, const char *text, const char *wanted)
{
	for (size_t piece = 0; piece < 40; piece++) {
		cleanup_free char *got = values(kind, text, piece);

		assert_string_equal(got, wanted);
	}
}

static void values_of_json_come_with_their_keys_without_digits(void **state)
{
	(void)state;
	are(VALUES_JSON, "{\"a1\": \"one\", \"b\" : [\"x\", 12, -3.5e7, true, null], \"c\":{}}",
		"=:a1|a:one|=:b|b:x|b:12|b:-3.5e7|=:c|");
	are(VALUES_JSON, "[\"x\",\"y\",[[\"z\"]],{\"k2k\":{\"m\":[{\"n\":1}]}},\"\",\"w\"]",
		":x|:y|:z|=:k2k|=:m|=:n|n:1|n:w|");
	are(VALUES_JSON, "\"alone\"", ":alone|");
}

static void escapes_of_json_are_undone(void **state)
{
	(void)state;
	are(VALUES_JSON, "{\"\\u006b\\n\":\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u0041\\u00e9\\u20AC\"}",
		"=:k\n|k\n:\"\\/\b\f\n\r\tA\xc3\xa9\xe2\x82\xac|");
	are(VALUES_JSON, "[\"\\u00zz\",\"\\u12\",\"\\q\"]", ":zz|:q|");
}

static void texts_of_json_in_a_row_and_events_are_read(void **state)
{
	(void)state;
	are(VALUES_JSON, "{\"t\":\"a\"}\n{\"t\":\"b\"}\n", "=:t|t:a|=:t|t:b|");
	are(VALUES_JSON,
		"event: delta\nid: 17\ndata: {\"t\":\"a\"}\r\n\r\n: it's 5\ndata: "
		"{\"t\":\"b\"}\n\n",
		"=:t|t:a|=:t|t:b|");
}

static void a_line_that_is_broken_does_not_spoil_the_next(void **state)
{
	(void)state;
	are(VALUES_JSON, "{\"t\":\"a\n{\"t\":\"b\"}\n]]]}}}\n{\"t\":\"c\"}",
		"=:t|t:a|=:t|t:b|=:t|t:c|");
	are(VALUES_JSON, "data: \"stray\ndata: {\"t\":\"b\"}\n", ":stray|=:t|t:b|");
}

static void any_depth_of_json_is_read(void **state)
{
	struct str text = {0};
	cleanup_free char *got = NULL;

	(void)state;
	for (int i = 0; i < 5000; i++)
		str_add(&text, "[{\"k\":");
	str_add(&text, "\"deep\"");
	for (int i = 0; i < 5000; i++)
		str_add(&text, "}]");
	str_add(&text, ",{\"top\":\"one\"}");
	got = values(VALUES_JSON, text.s, 0);
	assert_non_null(strstr(got, ":deep|=:top|top:one|"));
	str_done(&text);
}

static void forms_queries_and_cookies_are_read(void **state)
{
	(void)state;
	are(VALUES_FORM, "a1=x&b%5B2%5D=%41+b%&c=&=d&e", "=:a1|a:x|=:b[2]|b[]:A b%|=:c|:d|=:e|");
	are(VALUES_FORM, "a=1; b2=x=y==; c", "=:a|a:1|=:b2|b:x=y==|=:c|");
	are(VALUES_FORM, "%zz=%4&q=%e2%82%ac", "=:%zz|%zz:%4|=:q|q:\xe2\x82\xac|");
	are(VALUES_FORM, "bare", "=:bare|");
}

static void what_is_read_does_not_depend_on_the_cuts(void **state)
{
	static const char bytes[] = "{}[]:,\"\"\"\"\\\\u00e9A1b2 \n-.&&==;;%%4+";

	(void)state;
	for (int round = 0; round < 3000; round++) {
		char text[120];
		size_t len = next_random() % (sizeof(text) - 1);

		for (size_t i = 0; i < len; i++)
			text[i] = bytes[next_random() % (sizeof(bytes) - 1)];
		text[len] = '\0';
		for (enum values_kind kind = VALUES_JSON; kind <= VALUES_FORM; kind++) {
			cleanup_free char *whole = values(kind, text, SIZE_MAX);
			cleanup_free char *bytewise = values(kind, text, 1);
			cleanup_free char *cut = values(kind, text, 0);

			assert_string_equal(whole, bytewise);
			assert_string_equal(whole, cut);
		}
	}
}

static enum values_kind kind_of(const char *type, const char *text)
{
	return values_kind_of(type, (const unsigned char *)text, strlen(text));
}

static void the_kind_is_told_by_type_or_by_the_first_bytes(void **state)
{
	(void)state;
	assert_int_equal(kind_of("application/json; charset=utf-8", ""), VALUES_JSON);
	assert_int_equal(kind_of("application/vnd.api+JSON", ""), VALUES_JSON);
	assert_int_equal(kind_of("application/x-ndjson", ""), VALUES_JSON);
	assert_int_equal(kind_of("text/event-stream", ""), VALUES_JSON);
	assert_int_equal(kind_of("application/x-www-form-urlencoded", ""), VALUES_FORM);
	assert_int_equal(kind_of("text/plain", "{"), VALUES_NONE);
	assert_int_equal(kind_of(NULL, " \n{\"a\""), VALUES_JSON);
	assert_int_equal(kind_of("", "[1"), VALUES_JSON);
	assert_int_equal(kind_of(NULL, "data: {"), VALUES_JSON);
	assert_int_equal(kind_of(NULL, "a1=b&c=d"), VALUES_FORM);
	assert_int_equal(kind_of(NULL, "x = y"), VALUES_NONE);
	assert_int_equal(kind_of(NULL, "A=B\nC=D\n"), VALUES_NONE);
	assert_int_equal(kind_of(NULL, "prose"), VALUES_NONE);
	assert_int_equal(kind_of(NULL, ""), VALUES_NONE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values_of_json_come_with_their_keys_without_digits),
		cmocka_unit_test(escapes_of_json_are_undone),
		cmocka_unit_test(texts_of_json_in_a_row_and_events_are_read),
		cmocka_unit_test(a_line_that_is_broken_does_not_spoil_the_next),
		cmocka_unit_test(any_depth_of_json_is_read),
		cmocka_unit_test(forms_queries_and_cookies_are_read),
		cmocka_unit_test(what_is_read_does_not_depend_on_the_cuts),
		cmocka_unit_test(the_kind_is_told_by_type_or_by_the_first_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
