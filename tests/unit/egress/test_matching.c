#include "egress/matching.h"

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
#include "egress/rules.h"

static struct policy_egress policy;
static struct matching *matching;

/* A route with this said of its requests. */
static void load(const char *members)
{
	cleanup_free char *json = str_format("{\"routes\": [{\"host\": \"a.com\", %s}]}", members);
	struct err e = {0};

	matching_free(matching);
	policy_egress_done(&policy);
	matching = NULL;
	if (policy_egress_parse(json, &policy, &e) < 0 ||
		matching_new(&policy.routes[0], &matching, &e) < 0)
		fail_msg("%s", e.msg);
}

static struct refusal why;

static const char *asked(const char *line, const char *fields)
{
	cleanup_free char *text = str_format("%s HTTP/1.1\r\n%s\r\n", line, fields);
	struct http1_head h;
	struct target t;
	const char *wrong;
	struct rule_request q = {.host = "a.com", .tls = true, .head = &h, .target = &t};
	int r;

	assert_int_equal(
		http1_parse_request((const unsigned char *)text, strlen(text), &h, &wrong), 0);
	assert_int_equal(target_parse(h.target, &t, &wrong), 0);
	r = matching_check(matching, &q, NULL, &why);
	http1_head_done(&h);
	target_done(&t);
	return r == 0 ? "ok" : why.error;
}

static int unload(void **state)
{
	(void)state;
	matching_free(matching);
	matching = NULL;
	policy_egress_done(&policy);
	return 0;
}

#define PATHS(type, value) "{\"paths\": [{\"type\": \"" type "\", \"value\": \"" value "\"}]}"

static void a_prefix_ends_where_an_element_of_the_path_does(void **state)
{
	(void)state;
	load("\"matches\": [" PATHS("prefix", "/v1") "]");
	assert_string_equal(asked("GET /v1", ""), "ok");
	assert_string_equal(asked("GET /v1?q", ""), "ok");
	assert_string_equal(asked("GET /v1/", ""), "ok");
	assert_string_equal(asked("GET /v1/x", ""), "ok");
	assert_string_equal(asked("GET /v1x", ""), "no_match");
	assert_string_equal(asked("GET /v1%20", ""), "no_match");
	assert_string_equal(asked("GET /V1/x", ""), "no_match");
	assert_string_equal(asked("GET /", ""), "no_match");
	load("\"matches\": [" PATHS("prefix", "/v1/") "]");
	assert_string_equal(asked("GET /v1/", ""), "ok");
	assert_string_equal(asked("GET /v1/x", ""), "ok");
	assert_string_equal(asked("GET /v1", ""), "no_match");
	assert_string_equal(asked("GET /v1x", ""), "no_match");
	load("\"matches\": [" PATHS("prefix", "/") "]");
	assert_string_equal(asked("GET /", ""), "ok");
	assert_string_equal(asked("GET /any", ""), "ok");
}

static void paths_are_compared_decoded(void **state)
{
	(void)state;
	load("\"matches\": [" PATHS("exact", "/a b") ", " PATHS("exact", "/c%7cd") ", " PATHS(
		"regex", "/e f") "]");
	assert_string_equal(asked("GET /a%20b", ""), "ok");
	assert_string_equal(asked("GET /c|d", ""), "ok");
	assert_string_equal(asked("GET /c%7Cd", ""), "ok");
	assert_string_equal(asked("GET /e%20f", ""), "ok");
	assert_string_equal(asked("GET /a+b", ""), "no_match");
	load("\"deny\": [" PATHS("exact", "/c%7cd") "]");
	assert_string_equal(asked("GET /c|d", ""), "denied");
	assert_string_equal(asked("GET /c%7cd", ""), "denied");
}

static void deny_comes_before_matches_and_says_its_entry(void **state)
{
	(void)state;
	load("\"matches\": [" PATHS("prefix", "/") "], \"deny\": [" PATHS("exact", "/x") ", " PATHS(
		"prefix", "/admin") "]");
	assert_string_equal(asked("GET /y", ""), "ok");
	assert_string_equal(asked("GET /admin/x", ""), "denied");
	assert_non_null(strstr(why.reason, "deny[1]"));
	assert_string_equal(asked("GET /x", ""), "denied");
	assert_non_null(strstr(why.reason, "deny[0]"));
	load("\"deny\": [" PATHS("prefix", "/admin") "]");
	assert_string_equal(asked("GET /anything", ""), "ok");
}

static void what_is_denied_is_denied_however_it_is_spelt(void **state)
{
	(void)state;
	load("\"deny\": [" PATHS("prefix", "/admin/") ", " PATHS("exact", "/graphql") ", " PATHS(
		"regex", "/r[0-9]") "]");
	assert_string_equal(asked("GET /ADMIN", ""), "denied");
	assert_string_equal(asked("GET /Admin/x", ""), "denied");
	assert_string_equal(asked("GET /%61dmin/x", ""), "denied");
	assert_string_equal(asked("GET /administrator", ""), "ok");
	assert_string_equal(asked("POST /graphql/", ""), "denied");
	assert_string_equal(asked("POST /graphql/x", ""), "ok");
	assert_string_equal(asked("GET /R1", ""), "denied");
	assert_string_equal(asked("GET //admin", ""), "ambiguous_path");
	assert_string_equal(asked("GET /x;/admin", ""), "ambiguous_path");
	assert_string_equal(asked("GET /x%2fadmin", ""), "ambiguous_path");
	assert_string_equal(asked("GET /%2561dmin", ""), "ambiguous_path");
	assert_string_equal(asked("GET /x", "X-Original-URL: /admin\r\n"), "path_override");
}

static void a_denied_method_cannot_be_asked_for_in_another_way(void **state)
{
	(void)state;
	load("\"deny\": [{\"methods\": [\"DELETE\"]}]");
	assert_string_equal(asked("DELETE /", ""), "denied");
	assert_string_equal(asked("delete /", ""), "denied");
	assert_string_equal(asked("POST /", ""), "ok");
	assert_string_equal(
		asked("POST /", "X-HTTP-Method-Override: DELETE\r\n"), "method_override");
	assert_string_equal(
		asked("POST /", "X_HTTP_Method-Override: DELETE\r\n"), "method_override");
	assert_string_equal(asked("POST /?_method=DELETE", ""), "method_override");
	assert_string_equal(asked("POST /?x=%zz&%5fMethod=DELETE", ""), "method_override");
	assert_string_equal(asked("POST /?x=1;_method=DELETE", ""), "method_override");
}

#define HEADERS(list)	   "{\"headers\": [" list "]}"
#define EXACT(name, value) "{\"name\": \"" name "\", \"type\": \"exact\", \"value\": \"" value "\"}"

static void the_server_as_a_whole_is_no_path_but_denied_with_all_of_them(void **state)
{
	(void)state;
	load("\"deny\": [" PATHS("prefix", "/") "]");
	assert_string_equal(asked("OPTIONS *", ""), asked("OPTIONS /", ""));
	assert_string_not_equal(asked("OPTIONS *", ""), "ok");
	load("\"deny\": [" PATHS("prefix", "/v1") "]");
	assert_string_equal(asked("OPTIONS *", ""), "ok");
	load("\"matches\": [" PATHS("prefix", "/") "]");
	assert_string_equal(asked("OPTIONS /", ""), "ok");
	assert_string_not_equal(asked("OPTIONS *", ""), "ok");
}

static void headers_of_one_name_are_alternatives_and_names_are_not(void **state)
{
	(void)state;
	load("\"matches\": [" HEADERS(
		EXACT("X-T", "a") ", " EXACT("x-t", "b") ", " EXACT("X-U", "c")) "]");
	assert_string_equal(asked("GET /", "X-T: a\r\nX-U: c\r\n"), "ok");
	assert_string_equal(asked("GET /", "x-t: b\r\nX-U: c\r\n"), "ok");
	assert_string_equal(asked("GET /", "X-T: a\r\nX-T: b\r\nX-U: c\r\n"), "ok");
	assert_string_equal(asked("GET /", "X-T: a\r\n"), "no_match");
	assert_string_equal(asked("GET /", "X-U: c\r\n"), "no_match");
}

static void a_header_is_allowed_only_by_all_of_its_lines(void **state)
{
	(void)state;
	load("\"matches\": [" HEADERS(EXACT("X-T", "a")) "]");
	assert_string_equal(asked("GET /", "X-T: a\r\n"), "ok");
	assert_string_equal(asked("GET /", "X-T: a\r\nX-T: b\r\n"), "no_match");
	assert_string_equal(asked("GET /", "X-T: a\r\nX_T: b\r\n"), "no_match");
	assert_string_equal(asked("GET /", "X_T: a\r\n"), "no_match");
	assert_string_equal(asked("GET /", "X-T: a, b\r\n"), "no_match");
}

static void a_header_is_denied_by_any_of_its_lines(void **state)
{
	(void)state;
	load("\"deny\": [" HEADERS(EXACT("X-Role", "root")) "]");
	assert_string_equal(asked("GET /", "X-Role: user\r\nx-role: root\r\n"), "denied");
	assert_string_equal(asked("GET /", "X_Role: ROOT\r\n"), "denied");
	assert_string_equal(asked("GET /", "X-Role: user ,root, other\r\n"), "denied");
	assert_string_equal(asked("GET /", "X-Role: rooted\r\n"), "ok");
	assert_string_equal(asked("GET /", ""), "ok");
}

#define QUERY(list)	   "{\"query\": [" list "]}"
#define REGEX(name, value) "{\"name\": \"" name "\", \"type\": \"regex\", \"value\": \"" value "\"}"

static void a_parameter_is_allowed_only_by_all_that_could_be_meant(void **state)
{
	(void)state;
	load("\"matches\": [" QUERY(REGEX("page", "[0-9]+") ", " EXACT("v", "x y")) "]");
	assert_string_equal(asked("GET /?page=1&v=x+y", ""), "ok");
	assert_string_equal(asked("GET /?v=%78%20y&page=2&page=3&z=1", ""), "ok");
	assert_string_equal(asked("GET /?page=1", ""), "no_match");
	assert_string_equal(asked("GET /", ""), "no_match");
	assert_string_equal(asked("GET /?page=1&page=x&v=x+y", ""), "no_match");
	assert_string_equal(asked("GET /?page=1&page[]=x&v=x+y", ""), "no_match");
	assert_string_equal(asked("GET /?page=1&PAGE=x&v=x+y", ""), "no_match");
	assert_string_equal(asked("GET /?PAGE=1&v=x+y", ""), "no_match");
	assert_string_equal(asked("GET /?page=1;page=x&v=x+y", ""), "ambiguous_query");
	assert_string_equal(asked("GET /?page=1&v=x+y&a=%", ""), "ambiguous_query");
}

static void a_parameter_is_denied_by_any_that_could_be_meant(void **state)
{
	(void)state;
	load("\"deny\": [" QUERY(EXACT("force", "1")) "]");
	assert_string_equal(asked("GET /?force=0", ""), "ok");
	assert_string_equal(asked("GET /?force=0&force=1", ""), "denied");
	assert_string_equal(asked("GET /?Force[]=1", ""), "denied");
	assert_string_equal(asked("GET /?f%6frce=%31", ""), "denied");
	assert_string_equal(asked("GET /?force=0;force=1", ""), "ambiguous_query");
}

static void a_pattern_that_is_given_up_never_allows_and_always_denies(void **state)
{
	char line[3000];

	(void)state;
	memset(line, 'a', sizeof(line) - 1);
	memcpy(line, "GET /", 5);
	line[sizeof(line) - 2] = '!';
	line[sizeof(line) - 1] = '\0';
	load("\"matches\": [" PATHS("regex", "/(a+)+") "]");
	assert_string_equal(asked(line, ""), "no_match");
	load("\"deny\": [" PATHS("regex", "/(a+)+") "]");
	assert_string_equal(asked(line, ""), "denied");
}

/* The routes to a forge's API that bottle-manifest(5) shows. */
static void what_changes_a_repository_around_the_gate_can_be_denied(void **state)
{
	(void)state;
	load("\"deny\": [{\"methods\": [\"POST\", \"PUT\", \"PATCH\", \"DELETE\"], \"paths\": ["
	     "{\"type\": \"regex\", \"value\": "
	     "\"/(repos/[^/]+/[^/]+|repositories/[0-9]+)/(contents|git)(/.*)?\"}, "
	     "{\"type\": \"regex\", \"value\": \"/(repos/[^/]+/[^/]+|repositories/[0-9]+)/"
	     "(merges|merge-upstream|branches|releases|pulls/[0-9]+/merge)(/.*)?\"}, "
	     "{\"type\": \"prefix\", \"value\": \"/graphql\"}, "
	     "{\"type\": \"prefix\", \"value\": \"/gists\"}]}]");
	assert_string_equal(asked("PUT /repos/o/r/contents/a/b.c", ""), "denied");
	assert_string_equal(asked("PUT /Repos/o/r/Contents/a", ""), "denied");
	assert_string_equal(asked("POST /repos/o/r/git/refs", ""), "denied");
	assert_string_equal(asked("PATCH /repositories/1/git/refs/heads/main", ""), "denied");
	assert_string_equal(asked("PUT /repos/o/r/pulls/7/merge", ""), "denied");
	assert_string_equal(asked("POST /graphql", ""), "denied");
	assert_string_equal(asked("POST /gists", ""), "denied");
	assert_string_equal(asked("PUT /repos/o/r%2f/contents/a", ""), "ambiguous_path");
	assert_string_equal(asked("POST /repos/o/r//git/refs", ""), "ambiguous_path");
	assert_string_equal(asked("POST /x", "X-HTTP-Method-Override: PUT\r\n"), "method_override");
	assert_string_equal(asked("GET /repos/o/r/contents/a", ""), "ok");
	assert_string_equal(asked("POST /repos/o/r/issues", ""), "ok");
	assert_string_equal(asked("POST /repos/o/r/pulls", ""), "ok");
}

static void a_wrong_pattern_is_told_with_its_entry(void **state)
{
	struct policy_path path = {POLICY_REGEX, (char *)"/a("};
	struct policy_matcher deny[2] = {{.paths = &path, .n_paths = 1}, {0}};
	struct policy_route route = {.deny = deny, .n_deny = 1};
	struct matching *m;
	struct err e = {0};

	(void)state;
	assert_true(matching_new(&route, &m, &e) < 0);
	assert_non_null(strstr(e.msg, "deny[0]: paths[0].value: no regular expression"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_prefix_ends_where_an_element_of_the_path_does),
		cmocka_unit_test(paths_are_compared_decoded),
		cmocka_unit_test(deny_comes_before_matches_and_says_its_entry),
		cmocka_unit_test(what_is_denied_is_denied_however_it_is_spelt),
		cmocka_unit_test(a_denied_method_cannot_be_asked_for_in_another_way),
		cmocka_unit_test(the_server_as_a_whole_is_no_path_but_denied_with_all_of_them),
		cmocka_unit_test(headers_of_one_name_are_alternatives_and_names_are_not),
		cmocka_unit_test(a_header_is_allowed_only_by_all_of_its_lines),
		cmocka_unit_test(a_header_is_denied_by_any_of_its_lines),
		cmocka_unit_test(a_parameter_is_allowed_only_by_all_that_could_be_meant),
		cmocka_unit_test(a_parameter_is_denied_by_any_that_could_be_meant),
		cmocka_unit_test(a_pattern_that_is_given_up_never_allows_and_always_denies),
		cmocka_unit_test(what_changes_a_repository_around_the_gate_can_be_denied),
		cmocka_unit_test(a_wrong_pattern_is_told_with_its_entry),
	};

	return cmocka_run_group_tests(tests, NULL, unload);
}
