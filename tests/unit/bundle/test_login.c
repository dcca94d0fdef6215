#include "bundle/login.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/json.h"
#include "base/ptr.h"
#include "base/str.h"
#include "bundle/jwt.h"

/* Tokens are words of this test, put together at run time. */
static char access_a[64], refresh_a[64], access_b[64], refresh_b[64];

static int make_tokens(void **state)
{
	(void)state;
	snprintf(access_a, sizeof(access_a), "made-up-%s-%d", "access", 1);
	snprintf(refresh_a, sizeof(refresh_a), "made-up-%s-%d", "refresh", 1);
	snprintf(access_b, sizeof(access_b), "made-up-%s-%d", "access", 2);
	snprintf(refresh_b, sizeof(refresh_b), "made-up-%s-%d", "refresh", 2);
	return 0;
}

static struct secret secret_of(const char *text)
{
	struct secret s = {0};
	struct err e;

	assert_int_equal(secret_set(&s, text, strlen(text), &e), 0);
	return s;
}

static struct secret claude_file(void)
{
	cleanup_free char *text =
		str_format("{\"claudeAiOauth\": {\"accessToken\": \"%s\", "
			   "\"refreshToken\": \"%s\", \"expiresAt\": 1700000000123, "
			   "\"scopes\": [\"user:inference\"], "
			   "\"subscriptionType\": \"max\"}, \"mcpOAuth\": {\"k\": 1}}",
			access_a, refresh_a);

	return secret_of(text);
}

static char *jwt(const char *claims)
{
	cleanup_json json_t *j = json_loads(claims, 0, NULL);

	assert_non_null(j);
	return jwt_made_up(j);
}

static struct secret codex_file(void)
{
	cleanup_free char *access = jwt("{\"exp\": 1700000000}");
	cleanup_free char *id =
		jwt("{\"email\": \"who@example.com\", \"https://api.openai.com/auth\": "
		    "{\"chatgpt_plan_type\": \"pro\", \"other\": \"x\"}}");
	cleanup_free char *text = str_format(
		"{\"OPENAI_API_KEY\": null, \"tokens\": {\"id_token\": \"%s\", \"access_token\": "
		"\"%s\", \"refresh_token\": \"%s\", \"account_id\": \"acct-1\"}, "
		"\"last_refresh\": \"2020-01-01T00:00:00Z\"}",
		id, access, refresh_a);

	return secret_of(text);
}

static void the_tokens_of_claudes_file_are_read(void **state)
{
	cleanup_secret struct secret file = claude_file();
	cleanup_login_tokens struct login_tokens t = {0};
	struct err e = {0};

	(void)state;
	assert_int_equal(login_read(login_provider_find("claude"), &file, &t, &e), 0);
	assert_string_equal(t.access.bytes, access_a);
	assert_string_equal(t.refresh.bytes, refresh_a);
	assert_null(t.id.bytes);
	assert_true(t.expires_ms == 1700000000123);
}

static void codexs_access_token_says_itself_when_it_expires(void **state)
{
	cleanup_secret struct secret file = codex_file();
	cleanup_login_tokens struct login_tokens t = {0};
	struct err e = {0};

	(void)state;
	assert_int_equal(login_read(login_provider_find("codex"), &file, &t, &e), 0);
	assert_string_equal(t.refresh.bytes, refresh_a);
	assert_non_null(t.id.bytes);
	assert_true(t.expires_ms == 1700000000000);
}

static void refused(const char *provider, const char *text, const char *why)
{
	cleanup_secret struct secret file = secret_of(text);
	cleanup_login_tokens struct login_tokens t = {0};
	struct err e = {0};

	assert_true(login_read(login_provider_find(provider), &file, &t, &e) < 0);
	if (!strstr(e.msg, why))
		fail_msg("'%s' is not in '%s'", why, e.msg);
	assert_null(strstr(e.msg, "hush"));
}

static void a_file_that_is_no_login_is_refused_without_what_it_holds(void **state)
{
	(void)state;
	refused("claude", "hush", "no JSON object");
	refused("claude", "[\"hush\"]", "no JSON object");
	refused("claude", "{\"tokens\": {}}", "no 'claudeAiOauth'");
	refused("claude", "{\"claudeAiOauth\": {}}", "has no 'accessToken'");
	refused("claude", "{\"claudeAiOauth\": {\"accessToken\": \"hush hush\"}}", "no token has");
	refused("claude", "{\"claudeAiOauth\": {\"accessToken\": \"hush\\\"\"}}", "no token has");
	refused("claude", "{\"claudeAiOauth\": {\"accessToken\": [\"hush\"]}}", "no string");
	refused("codex", "{\"OPENAI_API_KEY\": \"hush\"}", "an API key and no login");
	refused("codex", "{\"tokens\": {\"access_token\": null}}", "has no 'access_token'");
}

static void renewed_tokens_replace_the_old_and_all_else_stays(void **state)
{
	cleanup_secret struct secret file = claude_file(), out = {0};
	cleanup_login_tokens struct login_tokens renewed = {.expires_ms = 1800000000000}, t = {0};
	cleanup_json json_t *j = NULL;
	struct err e = {0};

	(void)state;
	renewed.access = secret_of(access_b);
	renewed.refresh = secret_of(refresh_b);
	assert_int_equal(
		login_write(login_provider_find("claude"), &file, &renewed, 0, &out, &e), 0);
	assert_int_equal(login_read(login_provider_find("claude"), &out, &t, &e), 0);
	assert_string_equal(t.access.bytes, access_b);
	assert_string_equal(t.refresh.bytes, refresh_b);
	assert_true(t.expires_ms == 1800000000000);
	j = json_loads(out.bytes, 0, NULL);
	assert_int_equal(
		json_integer_value(json_object_get(json_object_get(j, "mcpOAuth"), "k")), 1);
	assert_null(strstr(out.bytes, access_a));
}

static void a_renewal_without_a_new_refresh_token_keeps_the_old(void **state)
{
	cleanup_secret struct secret file = codex_file(), out = {0};
	cleanup_login_tokens struct login_tokens renewed = {0}, t = {0};
	struct err e = {0};

	(void)state;
	renewed.access = secret_of(access_b);
	assert_int_equal(
		login_write(login_provider_find("codex"), &file, &renewed, 86400, &out, &e), 0);
	assert_int_equal(login_read(login_provider_find("codex"), &out, &t, &e), 0);
	assert_string_equal(t.access.bytes, access_b);
	assert_string_equal(t.refresh.bytes, refresh_a);
	assert_non_null(strstr(out.bytes, "\"last_refresh\": \"1970-01-02T00:00:00.000000Z\""));
	assert_non_null(strstr(out.bytes, "acct-1"));
}

static void the_agents_file_has_the_form_and_no_token(void **state)
{
	static const char *const names[] = {"claude", "codex"};

	(void)state;
	for (int i = 0; i < 2; i++) {
		const struct login_provider *p = login_provider_find(names[i]);
		cleanup_secret struct secret file = i ? codex_file() : claude_file(), made = {0};
		cleanup_login_tokens struct login_tokens real = {0}, t = {0};
		cleanup_free char *text = NULL;
		struct err e = {0};

		assert_int_equal(login_for_agent(p, &file, NULL, &text, &e), 0);
		made = secret_of(text);
		assert_int_equal(login_read(p, &file, &real, &e), 0);
		assert_int_equal(login_read(p, &made, &t, &e), 0);
		assert_true(t.expires_ms == 4102444800000);
		assert_null(strstr(text, real.access.bytes));
		assert_null(strstr(text, real.refresh.bytes));
		assert_non_null(strstr(t.refresh.bytes, "made-up"));
		assert_non_null(strstr(text, i ? "acct-1" : "user:inference"));
	}
}

static void the_agents_id_token_has_the_plan_and_no_person(void **state)
{
	const struct login_provider *p = login_provider_find("codex");
	cleanup_secret struct secret file = codex_file(), made = {0};
	cleanup_login_tokens struct login_tokens t = {0};
	cleanup_free char *text = NULL, *claims_text = NULL;
	cleanup_json json_t *claims = NULL;
	struct err e = {0};

	(void)state;
	assert_int_equal(login_for_agent(p, &file, NULL, &text, &e), 0);
	made = secret_of(text);
	assert_int_equal(login_read(p, &made, &t, &e), 0);
	claims = jwt_claims(t.id.bytes, t.id.len);
	claims_text = json_dumps(claims, JSON_SORT_KEYS | JSON_COMPACT);
	assert_string_equal(claims_text, "{\"exp\":4102444800,\"https://api.openai.com/auth\":"
					 "{\"chatgpt_plan_type\":\"pro\"}}");
}

static void tokens_travel_to_the_monitor_and_back(void **state)
{
	cleanup_login_tokens struct login_tokens t = {.expires_ms = 7}, got = {0};
	cleanup_secret struct secret text = {0};
	struct err e = {0};

	(void)state;
	t.access = secret_of(access_b);
	t.refresh = secret_of(refresh_b);
	assert_int_equal(login_tokens_encode(&t, &text, &e), 0);
	assert_int_equal(login_tokens_decode(text.bytes, text.len, &got, &e), 0);
	assert_string_equal(got.access.bytes, access_b);
	assert_string_equal(got.refresh.bytes, refresh_b);
	assert_null(got.id.bytes);
	assert_true(got.expires_ms == 7);
}

static void what_a_hostile_egress_sends_is_no_token(void **state)
{
	static const char *const bad[] = {"", "{}", "[]", "{\"access_token\": 1}",
		"{\"access_token\": \"a\\nb\"}", "{\"access_token\": \"\\u00e9\"}",
		"{\"access_token\": \"a\", \"access_token\": \"b\"}",
		"{\"access_token\": \"a\", \"refresh_token\": \"b c\"}"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		cleanup_login_tokens struct login_tokens t = {0};
		struct err e = {0};

		if (login_tokens_decode(bad[i], strlen(bad[i]), &t, &e) == 0)
			fail_msg("taken: %s", bad[i]);
		assert_null(t.access.bytes);
	}
}

static void a_token_that_is_no_jwt_has_no_claims(void **state)
{
	static const char *const bad[] = {"", "a", "a.b", "a.!.c", "a..c", "a.e30", "a.W10.c"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_null(jwt_claims(bad[i], strlen(bad[i])));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_tokens_of_claudes_file_are_read),
		cmocka_unit_test(codexs_access_token_says_itself_when_it_expires),
		cmocka_unit_test(a_file_that_is_no_login_is_refused_without_what_it_holds),
		cmocka_unit_test(renewed_tokens_replace_the_old_and_all_else_stays),
		cmocka_unit_test(a_renewal_without_a_new_refresh_token_keeps_the_old),
		cmocka_unit_test(the_agents_file_has_the_form_and_no_token),
		cmocka_unit_test(the_agents_id_token_has_the_plan_and_no_person),
		cmocka_unit_test(tokens_travel_to_the_monitor_and_back),
		cmocka_unit_test(what_a_hostile_egress_sends_is_no_token),
		cmocka_unit_test(a_token_that_is_no_jwt_has_no_claims),
	};

	return cmocka_run_group_tests(tests, make_tokens, NULL);
}
