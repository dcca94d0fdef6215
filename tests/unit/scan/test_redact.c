#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/ptr.h"
#include "base/str.h"
#include "scan/known.h"
#include "scan/redact.h"
#include "tests/lib/random.h"

#define ALNUM "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

static void add(struct redaction *r, uint64_t start, uint64_t end)
{
	const struct scan_finding f = {.rule = SCAN_RULE_KNOWN, .start = start, .end = end};

	assert_int_equal(redaction_add(r, &f), 0);
}

/* What stands between the marks « and », which are taken out, becomes `wanted`. */
static void becomes(const char *marked, const char *wanted)
{
	cleanup_redaction struct redaction r = {0};
	struct str text = {0};
	uint64_t start = 0;

	for (const char *p = marked; *p; p++) {
		if (str_starts(p, "\xc2\xab")) {
			start = text.len;
			p++;
		} else if (str_starts(p, "\xc2\xbb")) {
			add(&r, start, text.len);
			p++;
		} else {
			str_add_char(&text, *p);
		}
	}
	assert_int_equal(redaction_apply(&r, text.s, text.len), 0);
	assert_string_equal(text.s, wanted);
	assert_int_equal(text.len, strlen(wanted));
	str_done(&text);
}

static void a_place_becomes_as_many_stars(void **state)
{
	(void)state;
	becomes("key is «abc-123_x» here", "key is ********* here");
	becomes("«a»b«c»", "*b*");
	becomes("«ab«cd»ef", "ab**ef");
}

static void what_separates_values_stays(void **state)
{
	(void)state;
	becomes("{\"a\":[\"«abc\",\"def\",\n\"g»h\"]}", "{\"a\":[\"***\",\"***\",\n\"*h\"]}");
	becomes("a=«bc&d=ef;g=h»&i=j", "a=**&*=**;*=*&i=j");
	becomes("X-A: «ab, cd;e=\"f\"»\r\nX-B: c", "X-A: **, **;*=\"*\"\r\nX-B: c");
	becomes("ab«c\r\n--bound\r\nA: b\r\n\r\nde»f", "ab*\r\n--bound\r\n*: *\r\n\r\n**f");
	becomes("a«b<b class=x>c</b>d»e", "a*<b class=x>*</b>*e");
	becomes("<p>a«b&amp;c»d</p>", "<p>a*&amp;*d</p>");
}

static void escapes_become_stars_as_a_whole(void **state)
{
	(void)state;
	becomes("{\"a\":\"x\\u00«6a\\u006»by\"}", "{\"a\":\"x************y\"}");
	becomes("{\"a\":\"x\\«nab\\»\"y\"}", "{\"a\":\"x******y\"}");
	becomes("{\"a\":\"x\\\\«nab\\\\»\"}", "{\"a\":\"x\\\\*****\"}");
	becomes("a=%4«1b%4»2&c", "a=*******&c");
	becomes("a&#x6«1;&#98»;b", "a***********b");
	becomes("\xc3\xa4\xe2\x82«\xac"
		"ab\xc3»\xa4",
		"\xc3\xa4*******");
}

static void numbers_of_json_stay_numbers(void **state)
{
	(void)state;
	becomes("{\"a\":[«123,45.60,-7e2», 89],\"b\":\"«12»3\"}",
		"{\"a\":[111,11.11,-1e1, 89],\"b\":\"**3\"}");
	becomes("data: {\"a\":«123»}\n\ndata: {\"a\":«456»}\n",
		"data: {\"a\":111}\n\ndata: {\"a\":111}\n");
	becomes("numbers «123»", "numbers ***");
}

static void a_place_that_is_not_known_is_no_redaction(void **state)
{
	cleanup_redaction struct redaction r = {0};
	const struct scan_finding split = {.rule = SCAN_RULE_KNOWN};
	const struct scan_finding broken = {.rule = SCAN_RULE_UNREADABLE, .start = 1, .end = 3};
	char text[] = "abcdef";

	(void)state;
	assert_int_equal(redaction_apply(&r, text, 6), -EACCES);
	assert_non_null(r.why);
	assert_int_equal(redaction_add(&r, &split), 0);
	assert_int_equal(redaction_apply(&r, text, 6), -EACCES);
	assert_non_null(strstr(r.why, "split"));
	assert_int_equal(redaction_add(&r, &broken), 0);
	assert_int_equal(redaction_apply(&r, text, 6), -EACCES);
	assert_non_null(strstr(r.why, "cannot be read"));
	assert_string_equal(text, "abcdef");
}

static void a_place_beyond_the_text_is_cut_off(void **state)
{
	cleanup_redaction struct redaction r = {0};
	char text[] = "abcdef";

	(void)state;
	add(&r, 4, 400);
	add(&r, 500, 600);
	assert_int_equal(redaction_apply(&r, text, 6), 0);
	assert_string_equal(text, "abcd**");
}

/* ---- documents with secrets in them, in many spellings */

static void add_spelled(struct str *s, const char *p, size_t n, unsigned int how)
{
	for (size_t i = 0; i < n; i++) {
		unsigned int c = (unsigned char)p[i];

		if (how == 0)
			str_add_char(s, p[i]);
		else if (how == 1)
			str_addf(s, "\\u00%02x", c);
		else if (how == 2)
			str_addf(s, "%%%02X", c);
		else if (how == 3)
			str_addf(s, "%02x", c);
		else if (how == 4)
			str_addf(s, "%c\\n", c);
		else
			str_addf(s, "%c\xe2\x80\x8b", c);
	}
}

static void add_document(struct str *s, const char *secret, unsigned int depth)
{
	unsigned int kind = next_random() % (depth > 4 ? 4 : 6);

	if (kind >= 4) {
		str_add(s, kind == 4 ? "[" : "{");
		for (unsigned int i = 0, n = next_random() % 5; i < n; i++) {
			str_add(s, i > 0 ? ", " : "");
			if (kind == 5)
				str_addf(s, "\"k%u\": ", i);
			add_document(s, secret, depth + 1);
		}
		str_add(s, kind == 4 ? "]" : "}");
	} else if (kind == 3) {
		str_addf(s, "%u", next_random());
	} else {
		str_add(s, "\"\\\\ \\u00e9 ");
		for (unsigned int i = kind * 3; i > 0; i--) {
			size_t from = next_random() % 20;

			add_spelled(s, secret + from, 40 - from, next_random() % 6);
			str_add(s, i == 1 ? "" : " \\t ");
		}
		str_add(s, "\"");
	}
}

static int on_hit(void *arg, unsigned int id, uint64_t start, uint64_t end)
{
	(void)id;
	add(arg, start, end);
	return 0;
}

static void find(const struct known *k, const struct str *text, struct redaction *r)
{
	struct known_state at = {0};

	assert_int_equal(
		known_search(k, &at, (const unsigned char *)text->s, text->len, on_hit, r), 0);
}

static void documents_still_parse_and_have_no_secret_any_more(void **state)
{
	cleanup_known struct known *k = known_new();
	char secret[41] = "";
	struct err e;

	(void)state;
	for (size_t i = 0; i < 40; i++)
		secret[i] = ALNUM[next_random() % strlen(ALNUM)];
	assert_int_equal(known_add(k, 0, secret, 40, &e), 0);
	assert_int_equal(known_compile(k), 0);
	for (int round = 0; round < 2000; round++) {
		cleanup_redaction struct redaction before = {0}, after = {0};
		struct str text = {0};
		json_error_t error;
		json_t *json;
		size_t len;

		str_add(&text, "{\"all\": [");
		add_document(&text, secret, 0);
		str_add(&text, "]}");
		len = text.len;
		find(k, &text, &before);
		if (before.n > 0)
			assert_int_equal(redaction_apply(&before, text.s, text.len), 0);
		find(k, &text, &after);
		assert_int_equal(after.n, 0);
		json = json_loads(text.s, 0, &error);
		if (!json)
			print_message("%s at %d: %s\n", error.text, error.position, text.s);
		assert_non_null(json);
		json_decref(json);
		assert_int_equal(text.len, len);
		str_done(&text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_place_becomes_as_many_stars),
		cmocka_unit_test(what_separates_values_stays),
		cmocka_unit_test(escapes_become_stars_as_a_whole),
		cmocka_unit_test(numbers_of_json_stay_numbers),
		cmocka_unit_test(a_place_that_is_not_known_is_no_redaction),
		cmocka_unit_test(a_place_beyond_the_text_is_cut_off),
		cmocka_unit_test(documents_still_parse_and_have_no_secret_any_more),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
