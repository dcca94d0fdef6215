/*
 * Answers in the shapes that the forges' published API descriptions show (Gitea's swagger and its
 * own words, docs.github.com, docs.gitlab.com), with made-up contents. None was taken from a live
 * forge.
 */
#include "forge/answer.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define OURS "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIours"

static struct plan_deploy_key key = {.repo = (char *)"app",
	.api_url = (char *)"https://git.example.com",
	.repository = (char *)"team/app",
	.title = (char *)"bot-bottle:dev:app",
	.token_name = (char *)"FORGE_TOKEN"};
static struct secret token;
static const struct answer_to to = {.key = &key, .token = &token, .id = 7};

static struct answer answer_of(long status, const char *body)
{
	return (struct answer){
		.status = status, .body = body, .len = strlen(body), .retry_after_s = -1};
}

static struct forge_failure made_fails(struct answer a)
{
	struct forge_failure f;
	int64_t id = 0;

	assert_true(answer_made(&a, &to, &id, &f) < 0);
	assert_int_not_equal(f.why.code, 0);
	return f;
}

static void the_number_of_a_made_key_is_read(void **state)
{
	static const char *const bodies[] = {
		/* Gitea */
		"{\"id\": 12, \"key_id\": 99, \"key\": \"" OURS
		" t\", \"url\": \"https://x/keys/12\", "
		"\"title\": \"bot-bottle:dev:app\", \"fingerprint\": \"SHA256:x\", \"created_at\": "
		"\"2026-01-01T00:00:00Z\", \"read_only\": false}",
		/* GitHub */
		"{\"id\": 12, \"key\": \"" OURS "\", \"url\": \"https://x\", \"title\": \"t\", "
		"\"verified\": true, \"created_at\": \"2026-01-01T00:00:00Z\", \"read_only\": "
		"false, "
		"\"added_by\": \"me\", \"last_used\": null, \"enabled\": true}",
		/* GitLab */
		"{\"key\": \"" OURS "\", \"id\": 12, \"title\": \"t\", \"can_push\": true, "
		"\"created_at\": \"2026-01-01T00:00:00.000Z\", \"expires_at\": null}",
	};
	struct forge_failure f;

	(void)state;
	for (size_t i = 0; i < sizeof(bodies) / sizeof(*bodies); i++) {
		struct answer a = answer_of(201, bodies[i]);
		int64_t id = 0;

		assert_int_equal(answer_made(&a, &to, &id, &f), 0);
		assert_int_equal(id, 12);
	}
}

static void success_without_a_number_may_have_made_a_key(void **state)
{
	static const char *const bodies[] = {"", "<html>", "[]", "{}", "{\"id\": \"12\"}",
		"{\"id\": -1}", "{\"id\": 1e3}", "null"};

	(void)state;
	for (size_t i = 0; i < sizeof(bodies) / sizeof(*bodies); i++)
		assert_false(made_fails(answer_of(201, bodies[i])).nothing_made);
}

static void a_refused_key_names_repository_title_and_the_forges_words(void **state)
{
	static const struct {
		long status;
		const char *body, *words;
	} rows[] = {
		{422,
			"{\"message\": \"A key with the same name already exists\", \"url\": "
			"\"https://x\"}",
			"(HTTP 422: A key with the same name already exists)"},
		{422,
			"{\"message\": \"Validation Failed\", \"errors\": [{\"resource\": "
			"\"PublicKey\", "
			"\"code\": \"custom\", \"field\": \"key\", \"message\": \"key is already "
			"in use\"}], "
			"\"documentation_url\": \"https://x\"}",
			"(HTTP 422: Validation Failed key key is already in use)"},
		{400,
			"{\"message\": {\"deploy_key.fingerprint_sha256\": [\"has already been "
			"taken\"]}}",
			"(HTTP 400: has already been taken)"},
		{400, "{\"error\": \"title is missing\"}", "(HTTP 400: title is missing)"},
		{422, "<html>", "(HTTP 422)"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct forge_failure f = made_fails(answer_of(rows[i].status, rows[i].body));

		assert_true(f.nothing_made);
		assert_int_equal(f.again_s, -1);
		assert_non_null(
			strstr(f.why.msg, "'bot-bottle:dev:app' for the repository 'team/app'"));
		assert_non_null(strstr(f.why.msg, rows[i].words));
	}
}

static void what_is_wrong_with_the_token_is_told(void **state)
{
	struct forge_failure f;

	(void)state;
	f = made_fails(answer_of(401, "{\"message\": \"Bad credentials\"}"));
	assert_non_null(strstr(
		f.why.msg, "does not know the token in 'FORGE_TOKEN' (HTTP 401: Bad credentials)"));
	f = made_fails(answer_of(403, "{\"message\": \"Resource not accessible\"}"));
	assert_non_null(strstr(f.why.msg, "may not manage deploy keys of 'team/app'"));
	f = made_fails(answer_of(404, "{\"message\": \"404 Project Not Found\"}"));
	assert_non_null(
		strstr(f.why.msg, "there is no repository 'team/app' at https://git.example.com"));
	assert_true(f.nothing_made);
}

static void a_limit_of_requests_passes_in_the_time_that_is_told(void **state)
{
	struct answer a = answer_of(429, "{}");
	struct forge_failure f;

	(void)state;
	a.retry_after_s = 30;
	assert_int_equal(made_fails(a).again_s, 30);
	a.retry_after_s = 1000000;
	assert_int_equal(made_fails(a).again_s, 600);
	a.status = 403;
	a.retry_after_s = 0;
	assert_int_equal(made_fails(a).again_s, 1);
	a = answer_of(403, "{\"message\": \"API rate limit exceeded\"}");
	a.limit_used_up = true;
	f = made_fails(a);
	assert_int_equal(f.again_s, 60);
	assert_true(f.nothing_made);
}

static void of_an_error_of_the_server_nobody_knows_what_was_made(void **state)
{
	struct forge_failure f = made_fails(answer_of(502, "<html>"));

	(void)state;
	assert_false(f.nothing_made);
	assert_true(f.again_s > 0);
	f = made_fails(answer_of(301, ""));
	assert_true(f.nothing_made);
	assert_non_null(strstr(f.why.msg, "api_url must be the forge's own address"));
}

static void a_forges_words_hold_neither_token_nor_control_characters(void **state)
{
	struct forge_failure f = made_fails(
		answer_of(422, "{\"message\": \"no \\u001b[31m made-up-token-1 \\n here\"}"));
	char body[4096], many[3001] = "";

	(void)state;
	assert_null(strstr(f.why.msg, "made-up-token-1"));
	assert_null(strpbrk(f.why.msg, "\n\033"));
	memset(many, 'a', sizeof(many) - 1);
	snprintf(body, sizeof(body), "{\"message\": \"%s\"}", many);
	f = made_fails(answer_of(422, body));
	assert_true(strlen(f.why.msg) < 400);
}

static void a_key_that_is_gone_is_revoked(void **state)
{
	static const long statuses[] = {200, 204, 404, 410};
	struct forge_failure f;

	(void)state;
	for (size_t i = 0; i < sizeof(statuses) / sizeof(*statuses); i++) {
		struct answer a = answer_of(statuses[i], "");
		bool was_gone;

		assert_int_equal(answer_deleted(&a, &to, &was_gone, &f), 0);
		assert_int_equal(was_gone, statuses[i] >= 400);
	}
}

static void any_other_answer_to_a_revocation_is_a_failure(void **state)
{
	static const long statuses[] = {301, 400, 401, 403, 405, 422, 429, 500, 503, 0};
	struct forge_failure f;
	bool was_gone;

	(void)state;
	for (size_t i = 0; i < sizeof(statuses) / sizeof(*statuses); i++) {
		struct answer a = answer_of(statuses[i], "");

		assert_true(answer_deleted(&a, &to, &was_gone, &f) < 0);
		assert_int_not_equal(f.why.code, 0);
	}
}

static int page(const char *body, int64_t *id)
{
	struct answer a = answer_of(200, body);
	struct forge_failure f;

	return answer_page(&a, &to, OURS " bot-bottle:dev:app", id, &f);
}

static void our_key_is_found_in_a_list_by_the_key_itself(void **state)
{
	int64_t id;

	(void)state;
	assert_int_equal(page("[]", &id), 0);
	assert_int_equal(id, 0);
	assert_int_equal(
		page("[{\"id\": 1, \"key\": \"ssh-rsa AAAA\"}, {\"id\": 2, \"key\": \"" OURS
		     " other comment\"}]",
			&id),
		2);
	assert_int_equal(id, 2);
	/* The title is somebody's words; a longer key is another one. */
	assert_int_equal(
		page("[{\"id\": 1, \"title\": \"bot-bottle:dev:app\", \"key\": \"" OURS "X\"}]",
			&id),
		1);
	assert_int_equal(id, 0);
	assert_int_equal(page("[{\"id\": 1}, 3, null, \"x\", {\"key\": \"" OURS "\"}]", &id), 5);
	assert_int_equal(id, 0);
}

static void a_list_that_is_none_is_a_failure_and_a_repository_that_is_gone_is_none(void **state)
{
	struct answer gone = answer_of(404, "");
	struct forge_failure f;
	int64_t id;

	(void)state;
	assert_true(page("{}", &id) < 0);
	assert_true(page("", &id) < 0);
	assert_int_equal(answer_page(&gone, &to, OURS, &id, &f), 0);
}

static int make_token(void **state)
{
	struct err e;

	(void)state;
	return secret_set(&token, "made-up-token-1", 15, &e);
}

static int drop_token(void **state)
{
	(void)state;
	secret_done(&token);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_number_of_a_made_key_is_read),
		cmocka_unit_test(success_without_a_number_may_have_made_a_key),
		cmocka_unit_test(a_refused_key_names_repository_title_and_the_forges_words),
		cmocka_unit_test(what_is_wrong_with_the_token_is_told),
		cmocka_unit_test(a_limit_of_requests_passes_in_the_time_that_is_told),
		cmocka_unit_test(of_an_error_of_the_server_nobody_knows_what_was_made),
		cmocka_unit_test(a_forges_words_hold_neither_token_nor_control_characters),
		cmocka_unit_test(a_key_that_is_gone_is_revoked),
		cmocka_unit_test(any_other_answer_to_a_revocation_is_a_failure),
		cmocka_unit_test(our_key_is_found_in_a_list_by_the_key_itself),
		cmocka_unit_test(
			a_list_that_is_none_is_a_failure_and_a_repository_that_is_gone_is_none),
	};

	return cmocka_run_group_tests(tests, make_token, drop_token);
}
