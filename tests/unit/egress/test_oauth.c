#include "egress/oauth.h"

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
#include "egress/oauth_parts.h"

static struct secret secret_of(const char *text)
{
	struct secret s = {0};
	struct err e;

	assert_int_equal(secret_set(&s, text, strlen(text), &e), 0);
	return s;
}

/* Ended with done(). */
static struct oauth_token token_of(const struct policy_auth *auth, const char *secret)
{
	struct oauth_token t = {
		.auth = auth, .login = auth->provider ? login_provider_find(auth->provider) : NULL};

	if (secret)
		t.client_secret = secret_of(secret);
	t.now.refresh = secret_of("made-up refresh&token");
	return t;
}

static void done(struct oauth_token *t)
{
	secret_done(&t->client_secret);
	login_tokens_done(&t->now);
}

static void asks(struct oauth_token *t, const char *fields, const char *body)
{
	cleanup_oauth_grant struct oauth_grant g;
	struct err e = {0};

	assert_int_equal(oauth_grant_make(t, &g, &e), 0);
	if (fields)
		assert_string_equal(g.fields.bytes, fields);
	else
		assert_null(g.fields.bytes);
	assert_string_equal(g.body.bytes, body);
}

static void a_client_proves_itself_by_basic_with_both_parts_encoded(void **state)
{
	const struct policy_auth auth = {.scheme = POLICY_AUTH_OAUTH,
		.client_id = (char *)"a:b",
		.scope = (char *)"x y",
		.audience = (char *)"https://h/?a&b"};
	struct oauth_token t = token_of(&auth, "s%c");

	(void)state;
	/* base64 of "a%3Ab:s%25c" */
	asks(&t, "Authorization: Basic YSUzQWI6cyUyNWM=\r\n",
		"grant_type=client_credentials&scope=x%20y&audience=https%3A%2F%2Fh%2F%3Fa%26b");
	done(&t);
}

static void or_in_the_body(void **state)
{
	const struct policy_auth auth = {.scheme = POLICY_AUTH_OAUTH, .client_id = (char *)"a:b"};
	struct oauth_token t = token_of(&auth, "s%c");

	(void)state;
	t.in_body = true;
	asks(&t, NULL, "grant_type=client_credentials&client_id=a%3Ab&client_secret=s%25c");
	done(&t);
}

static void a_refresh_token_is_sent_by_a_public_client_with_its_id(void **state)
{
	const struct policy_auth auth = {.scheme = POLICY_AUTH_OAUTH,
		.grant = POLICY_REFRESH_TOKEN,
		.client_id = (char *)"id"};
	const struct policy_auth nameless = {
		.scheme = POLICY_AUTH_OAUTH, .grant = POLICY_REFRESH_TOKEN};
	struct oauth_token t = token_of(&auth, NULL), u = token_of(&nameless, NULL);

	(void)state;
	asks(&t, NULL,
		"grant_type=refresh_token&refresh_token=made-up%20refresh%26token&client_id=id");
	asks(&u, NULL, "grant_type=refresh_token&refresh_token=made-up%20refresh%26token");
	done(&t);
	done(&u);
}

static void a_login_asks_in_json_as_its_program_does(void **state)
{
	const struct policy_auth auth = {.scheme = POLICY_AUTH_LOGIN, .provider = (char *)"codex"};
	struct oauth_token t = token_of(&auth, NULL);
	cleanup_oauth_grant struct oauth_grant g;
	cleanup_json json_t *j = NULL;
	struct err e = {0};

	(void)state;
	assert_int_equal(oauth_grant_make(&t, &g, &e), 0);
	assert_string_equal(g.type, "application/json");
	assert_non_null(strstr(g.fields.bytes, "User-Agent: codex"));
	j = json_loads(g.body.bytes, 0, NULL);
	assert_string_equal(
		json_string_value(json_object_get(j, "refresh_token")), "made-up refresh&token");
	assert_string_equal(json_string_value(json_object_get(j, "grant_type")), "refresh_token");
	assert_string_equal(json_string_value(json_object_get(j, "client_id")), t.login->client_id);
	done(&t);
}

static void the_agents_answer_has_the_form_of_one(void **state)
{
	const struct policy_auth oauth = {.scheme = POLICY_AUTH_OAUTH,
		.placeholder = (char *)"placeholder-for-X",
		.scope = (char *)"a b"};
	const struct policy_auth claude = {
		.scheme = POLICY_AUTH_LOGIN, .provider = (char *)"claude"};
	cleanup_free char *one = oauth_answer(&oauth), *two = oauth_answer(&claude);
	cleanup_json json_t *j = json_loads(one, 0, NULL), *k = json_loads(two, 0, NULL);

	(void)state;
	assert_string_equal(
		json_string_value(json_object_get(j, "access_token")), "placeholder-for-X");
	assert_string_equal(json_string_value(json_object_get(j, "token_type")), "Bearer");
	assert_string_equal(json_string_value(json_object_get(j, "scope")), "a b");
	assert_null(json_object_get(j, "id_token"));
	assert_true(json_is_string(json_object_get(k, "refresh_token")));
	assert_true(json_integer_value(json_object_get(k, "expires_in")) > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_client_proves_itself_by_basic_with_both_parts_encoded),
		cmocka_unit_test(or_in_the_body),
		cmocka_unit_test(a_refresh_token_is_sent_by_a_public_client_with_its_id),
		cmocka_unit_test(a_login_asks_in_json_as_its_program_does),
		cmocka_unit_test(the_agents_answer_has_the_form_of_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
