#include "egress/refusal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "base/ptr.h"

static json_t *as_json(const struct refusal *why)
{
	cleanup_free char *text = NULL;

	assert_int_equal(refusal_body(why, false, &text), 0);
	return json_loads(text, 0, NULL);
}

static void json_has_all_six_members(void **state)
{
	static const char *const members[] = {
		"error", "reason", "rule", "host", "how_to_ask", "id"};
	struct refusal why = {.host = "a.example.com"};
	json_t *j;

	(void)state;
	assert_true(refusal_set(&why, 403, "host_not_allowed", "default: deny", "no \"%s\"\n",
			    "quote") < 0);
	j = as_json(&why);
	assert_non_null(j);
	assert_int_equal(json_object_size(j), 6);
	for (size_t i = 0; i < 6; i++)
		assert_true(json_string_length(json_object_get(j, members[i])) > 0);
	json_decref(j);
}

static void what_the_scanner_found_is_told_by_rule_and_place(void **state)
{
	const struct scan_finding token = {.rule = "a-rule",
		.what = "thing",
		.place = "body",
		.via = "gzip",
		.excerpt = "ab…yz"};
	const struct scan_finding known = {
		.rule = SCAN_RULE_KNOWN, .what = "TOKEN", .place = "query", .excerpt = "ab…yz"};
	struct refusal why = {.host = "a.example.com", .how = "ask"};
	json_t *j;

	(void)state;
	refusal_set(&why, 403, "credential_found", "dlp", "reason");
	refusal_set_finding(&why, &token);
	j = as_json(&why);
	assert_string_equal(json_string_value(json_object_get(j, "rule")), "a-rule");
	assert_string_equal(json_string_value(json_object_get(j, "place")), "body");
	assert_string_equal(json_string_value(json_object_get(j, "via")), "gzip");
	assert_string_equal(json_string_value(json_object_get(j, "excerpt")), "ab…yz");
	assert_string_equal(json_string_value(json_object_get(j, "how_to_ask")), "ask");
	json_decref(j);
	memset(why.excerpt, 0, sizeof(why.excerpt));
	refusal_set_finding(&why, &known);
	assert_string_equal(why.excerpt, "");
}

static void the_phrase_of_the_status_line_tells_the_reason_in_one_line(void **state)
{
	struct refusal why = {.host = ""};
	char phrase[REFUSAL_PHRASE_MAX];

	(void)state;
	refusal_set(&why, 403, "x", "y", "no route allows a.example.com\r\nX: \xc3\xa9");
	assert_string_equal(refusal_phrase(&why, phrase), "no route allows a.example.com??X: ??");
}

static void the_text_for_people_names_the_rule_and_the_id(void **state)
{
	struct refusal why = {.host = ""};
	cleanup_free char *text = NULL;

	(void)state;
	refusal_set(&why, 502, "upstream_tls", "upstream certificate", "x");
	assert_int_equal(refusal_body(&why, true, &text), 0);
	assert_non_null(strstr(text, "rule: upstream certificate\n"));
	assert_non_null(strstr(text, why.id));
}

static bool wants_text(const char *fields)
{
	char text[256];
	struct http1_head h;
	const char *why;
	bool r;

	snprintf(text, sizeof(text), "GET / HTTP/1.1\r\n%s\r\n", fields);
	assert_int_equal(
		http1_parse_request((const unsigned char *)text, strlen(text), &h, &why), 0);
	r = refusal_wants_text(&h);
	http1_head_done(&h);
	return r;
}

static void people_get_text_and_programs_json(void **state)
{
	(void)state;
	assert_true(wants_text("Accept: text/html,application/xhtml+xml,*/*;q=0.8\r\n"));
	assert_true(wants_text("User-Agent: curl/7.88.1\r\nAccept: */*\r\n"));
	assert_false(wants_text("User-Agent: curl/7.88.1\r\nAccept: application/json\r\n"));
	assert_true(wants_text("User-Agent: git/2.39.5\r\nAccept: */*\r\n"));
	assert_false(wants_text("User-Agent: python-requests/2\r\nAccept: */*\r\n"));
	assert_false(wants_text(""));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(json_has_all_six_members),
		cmocka_unit_test(what_the_scanner_found_is_told_by_rule_and_place),
		cmocka_unit_test(the_phrase_of_the_status_line_tells_the_reason_in_one_line),
		cmocka_unit_test(the_text_for_people_names_the_rule_and_the_id),
		cmocka_unit_test(people_get_text_and_programs_json),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
