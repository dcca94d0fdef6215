#include "egress/token_answer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/ptr.h"

static void given(const char *body, const char *access, int64_t expires)
{
	cleanup_token_answer struct token_answer a;

	token_answer_read(200, body, strlen(body), &a);
	if (a.verdict != TOKEN_GIVEN)
		fail_msg("%s: %s", body, a.why);
	assert_string_equal(a.tokens.access.bytes, access);
	if (a.expires_in_s != expires)
		fail_msg("%s: %lld", body, (long long)a.expires_in_s);
}

static void refused(int status, const char *body, enum token_verdict verdict, const char *why)
{
	cleanup_token_answer struct token_answer a;

	token_answer_read(status, body, strlen(body), &a);
	assert_int_equal(a.verdict, verdict);
	if (!strstr(a.why, why))
		fail_msg("'%s' is not in '%s'", why, a.why);
	assert_null(strstr(a.why, "hush"));
	assert_null(a.tokens.access.bytes);
	assert_null(a.tokens.refresh.bytes);
}

static void a_token_is_taken_with_the_time_that_it_has(void **state)
{
	(void)state;
	given("{\"access_token\": \"abc\", \"token_type\": \"Bearer\", \"expires_in\": 3600}",
		"abc", 3600);
	given("{\"access_token\": \"abc\", \"token_type\": \"bearer\"}", "abc", -1);
	given("{\"access_token\": \"abc\", \"expires_in\": \"60\"}", "abc", 60);
	given("{\"access_token\": \"abc\", \"expires_in\": 60.5}", "abc", 60);
	given("{\"access_token\": \"abc\", \"expires_in\": 99999999999}", "abc", 366LL * 86400);
	given("{\"access_token\": \"abc\", \"expires_in\": -5}", "abc", -1);
	given("{\"access_token\": \"abc\", \"expires_in\": []}", "abc", -1);
}

static void a_new_refresh_token_and_an_id_token_are_taken(void **state)
{
	static const char body[] = "{\"access_token\": \"a\", \"refresh_token\": \"r\", "
				   "\"id_token\": \"i\"}";
	cleanup_token_answer struct token_answer a;

	(void)state;
	token_answer_read(201, body, strlen(body), &a);
	assert_int_equal(a.verdict, TOKEN_GIVEN);
	assert_string_equal(a.tokens.refresh.bytes, "r");
	assert_string_equal(a.tokens.id.bytes, "i");
}

static void errors_are_told_in_words_and_without_what_else_was_said(void **state)
{
	(void)state;
	refused(400, "{\"error\": \"invalid_grant\", \"error_description\": \"hush\"}",
		TOKEN_REFUSED, "answered 400 invalid_grant: the refresh token has expired");
	refused(401, "{\"error\": \"invalid_client\"}", TOKEN_REFUSED,
		"the client's secret is wrong");
	refused(401, "{\"error\": {\"code\": \"refresh_token_reused\", \"message\": \"hush\"}}",
		TOKEN_REFUSED, "used already");
	refused(400, "{\"error\": \"hush\"}", TOKEN_REFUSED, "answered 400 without an error");
	refused(403, "hush", TOKEN_REFUSED, "answered 403");
	refused(302, "", TOKEN_REFUSED, "not followed");
	refused(200, "{\"error\": \"invalid_scope\"}", TOKEN_REFUSED, "this scope");
}

static void a_server_in_trouble_is_asked_again_later(void **state)
{
	(void)state;
	refused(503, "hush", TOKEN_LATER, "answered 503");
	refused(429, "{\"error\": {\"type\": \"rate_limit_error\"}}", TOKEN_LATER, "answered 429");
	refused(500, "{\"error\": \"invalid_grant\"}", TOKEN_REFUSED, "invalid_grant");
}

static void an_answer_that_is_none_is_refused(void **state)
{
	static const char *const bad[] = {"", "hush", "[]", "null", "{}",
		"{\"access_token\": null}", "{\"access_token\": \"\"}", "{\"access_token\": 1}",
		"{\"access_token\": \"hush hush\"}", "{\"access_token\": \"hu\\r\\nsh\"}",
		"{\"access_token\": \"a\", \"access_token\": \"hush\"}",
		"{\"access_token\": \"a\", \"refresh_token\": {}}",
		"{\"access_token\": \"a\", \"token_type\": \"mac\"}"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		refused(200, bad[i], TOKEN_REFUSED, "answered with ");
}

static void an_answer_is_bounded(void **state)
{
	static char body[TOKEN_ANSWER_MAX + 64];
	int n = snprintf(body, sizeof(body), "{\"access_token\": \"a\", \"x\": \"");

	(void)state;
	memset(body + n, 'x', TOKEN_ANSWER_MAX);
	memcpy(body + n + TOKEN_ANSWER_MAX, "\"}", 3);
	refused(200, body, TOKEN_REFUSED, "answered with ");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_token_is_taken_with_the_time_that_it_has),
		cmocka_unit_test(a_new_refresh_token_and_an_id_token_are_taken),
		cmocka_unit_test(errors_are_told_in_words_and_without_what_else_was_said),
		cmocka_unit_test(a_server_in_trouble_is_asked_again_later),
		cmocka_unit_test(an_answer_that_is_none_is_refused),
		cmocka_unit_test(an_answer_is_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
