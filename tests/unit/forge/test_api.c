#include "forge/api.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct plan_deploy_key key_of(enum deploy_provider p, const char *repository)
{
	return (struct plan_deploy_key){.repo = (char *)"app",
		.provider = p,
		.api_url = (char *)"https://git.example.com",
		.repository = (char *)repository,
		.title = (char *)"bot-bottle:dev:app"};
}

static void check_url(enum deploy_provider p, const char *repository, const char *wanted)
{
	struct plan_deploy_key k = key_of(p, repository);
	struct err e = {0};
	char *url = NULL;

	if (!wanted) {
		assert_true(api_keys_url(&k, &url, &e) < 0);
		return;
	}
	assert_int_equal(api_keys_url(&k, &url, &e), 0);
	assert_string_equal(url, wanted);
	free(url);
}

static void each_forge_has_its_keys_at_its_own_place(void **state)
{
	(void)state;
	check_url(DEPLOY_GITEA, "team/app", "https://git.example.com/api/v1/repos/team/app/keys");
	check_url(DEPLOY_FORGEJO, "team/app", "https://git.example.com/api/v1/repos/team/app/keys");
	check_url(DEPLOY_GITHUB, "team/app", "https://git.example.com/repos/team/app/keys");
	check_url(DEPLOY_GITLAB, "team/app",
		"https://git.example.com/api/v4/projects/team%2Fapp/deploy_keys");
	check_url(DEPLOY_GITLAB, "a/b/c/app",
		"https://git.example.com/api/v4/projects/a%2Fb%2Fc%2Fapp/deploy_keys");
}

static void what_is_special_in_a_url_is_encoded(void **state)
{
	(void)state;
	check_url(DEPLOY_GITEA, "te am/a?p#%",
		"https://git.example.com/api/v1/repos/te%20am/a%3Fp%23%25/keys");
}

static void a_path_that_is_no_repositorys_is_refused(void **state)
{
	static const char *const bad[] = {"app", "a//b", "/a/b", "a/b/", "../b", "a/..", "./b", ""};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		check_url(DEPLOY_GITHUB, bad[i], NULL);
		check_url(DEPLOY_GITLAB, bad[i], NULL);
	}
	check_url(DEPLOY_GITEA, "a/b/c", NULL);
}

static void a_token_is_not_sent_in_clear(void **state)
{
	struct plan_deploy_key k = key_of(DEPLOY_GITEA, "team/app");
	struct err e = {0};
	char *url;

	(void)state;
	k.api_url = (char *)"http://git.example.com";
	assert_true(api_keys_url(&k, &url, &e) < 0);
	assert_non_null(strstr(e.msg, "https only"));
}

static void the_key_may_write_in_each_forges_words(void **state)
{
	struct plan_deploy_key gitea = key_of(DEPLOY_GITEA, "a/b"),
			       gitlab = key_of(DEPLOY_GITLAB, "a/b");
	char *body = api_make_body(&gitea, "ssh-ed25519 AAAA x");

	(void)state;
	assert_string_equal(body, "{\"title\":\"bot-bottle:dev:app\",\"key\":\"ssh-ed25519 AAAA "
				  "x\",\"read_only\":false}");
	free(body);
	body = api_make_body(&gitlab, "ssh-ed25519 AAAA x");
	assert_string_equal(body, "{\"title\":\"bot-bottle:dev:app\",\"key\":\"ssh-ed25519 AAAA "
				  "x\",\"can_push\":true}");
	free(body);
}

static void pages_are_counted_from_one_in_each_forges_words(void **state)
{
	struct plan_deploy_key gitea = key_of(DEPLOY_GITEA, "a/b"),
			       github = key_of(DEPLOY_GITHUB, "a/b");
	char *url = api_page_url(&gitea, "https://x/keys", 2);

	(void)state;
	assert_string_equal(url, "https://x/keys?limit=50&page=2");
	free(url);
	url = api_page_url(&github, "https://x/keys", 1);
	assert_string_equal(url, "https://x/keys?per_page=50&page=1");
	free(url);
}

static void each_forge_has_its_own_header_for_the_token(void **state)
{
	static const char *const wanted[] = {
		[DEPLOY_GITEA] = "Authorization: token made-up",
		[DEPLOY_FORGEJO] = "Authorization: token made-up",
		[DEPLOY_GITHUB] = "Authorization: Bearer made-up",
		[DEPLOY_GITLAB] = "PRIVATE-TOKEN: made-up",
	};
	struct secret token = {0};
	struct err e = {0};

	(void)state;
	assert_int_equal(secret_set(&token, "made-up", 7, &e), 0);
	for (int p = DEPLOY_GITEA; p <= DEPLOY_GITLAB; p++) {
		struct plan_deploy_key k = key_of((enum deploy_provider)p, "a/b");
		char *headers[API_HEADERS_MAX];

		assert_int_equal(api_headers(&k, &token, headers, &e), 0);
		assert_string_equal(headers[0], wanted[p]);
		assert_int_equal(headers[2] != NULL, p == DEPLOY_GITHUB);
		api_headers_done(headers);
	}
	secret_done(&token);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_forge_has_its_keys_at_its_own_place),
		cmocka_unit_test(what_is_special_in_a_url_is_encoded),
		cmocka_unit_test(a_path_that_is_no_repositorys_is_refused),
		cmocka_unit_test(a_token_is_not_sent_in_clear),
		cmocka_unit_test(the_key_may_write_in_each_forges_words),
		cmocka_unit_test(pages_are_counted_from_one_in_each_forges_words),
		cmocka_unit_test(each_forge_has_its_own_header_for_the_token),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
