#include "bundle/plan.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/path.h"

static char dir[64];
static struct plan_bottle bottle = {.home = dir};
static struct plan_secret token = {.slot = (char *)"EGRESS_TOKEN_0", .name = (char *)"A_TOKEN"};

static int make_home(void **state)
{
	char secrets[80];

	(void)state;
	snprintf(dir, sizeof(dir), "/tmp/test-secret-XXXXXX");
	if (!mkdtemp(dir))
		return -1;
	snprintf(secrets, sizeof(secrets), "%s/secrets", dir);
	unsetenv("A_TOKEN");
	unsetenv("CREDENTIALS_DIRECTORY");
	return mkdir(secrets, 0700);
}

static int remove_home(void **state)
{
	struct err e;

	(void)state;
	return path_remove_tree(AT_FDCWD, dir, &e);
}

static void put(const char *name, const char *text, mode_t mode)
{
	char path[200];
	struct err e = {0};

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	assert_int_equal(path_write_file(AT_FDCWD, path, text, strlen(text), mode, &e), 0);
	assert_int_equal(chmod(path, mode), 0);
}

static void found(const struct plan_secret *s, bool with_env, const char *want)
{
	cleanup_secret struct secret v = {0};
	struct err e = {0};

	if (plan_secret_find(&bottle, s, with_env, &v, &e) < 0)
		fail_msg("%s", e.msg);
	assert_string_equal(v.bytes, want);
	assert_int_equal(v.len, strlen(want));
}

static void refused(const struct plan_secret *s, const char *why, const char *value)
{
	cleanup_secret struct secret v = {0};
	struct err e = {0};

	assert_true(plan_secret_find(&bottle, s, false, &v, &e) < 0);
	if (!strstr(e.msg, why))
		fail_msg("'%s' is not in '%s'", why, e.msg);
	if (value)
		assert_null(strstr(e.msg, value));
	assert_null(v.bytes);
}

static void a_secret_of_the_directory_loses_its_last_line_break(void **state)
{
	(void)state;
	put("secrets/A_TOKEN", "from-the-file\n", 0600);
	found(&token, false, "from-the-file");
}

static void the_operators_environment_comes_first_and_only_when_it_is_asked(void **state)
{
	(void)state;
	put("secrets/A_TOKEN", "from-the-file", 0600);
	setenv("A_TOKEN", "from-the-environment", 1);
	found(&token, true, "from-the-environment");
	found(&token, false, "from-the-file");
}

static void systemds_credentials_come_last(void **state)
{
	(void)state;
	setenv("CREDENTIALS_DIRECTORY", dir, 1);
	put("A_TOKEN", "from-systemd", 0400);
	found(&token, false, "from-systemd");
	put("secrets/A_TOKEN", "from-the-file", 0600);
	found(&token, false, "from-the-file");
}

static void the_settings_command_is_asked_when_the_secret_is_nowhere_else(void **state)
{
	(void)state;
	put("settings.yml", "secrets:\n  A_TOKEN: {command: [echo, from-the-command]}\n", 0600);
	found(&token, false, "from-the-command");
	put("secrets/A_TOKEN", "from-the-file", 0600);
	found(&token, false, "from-the-file");
}

static void a_command_that_fails_is_told_with_its_secret_and_its_complaint(void **state)
{
	(void)state;
	put("settings.yml",
		"secrets:\n  A_TOKEN: {command: [sh, -c, \"echo signed out >&2; exit 1\"]}\n",
		0600);
	refused(&token, "the secret 'A_TOKEN': the command 'sh' of ", NULL);
	refused(&token, "it ended with status 1: signed out", NULL);
	put("settings.yml", "secrets:\n  A_TOKEN: {command: [echo, tiny]}\n", 0600);
	refused(&token, "(echo) is shorter than 8", "tiny");
}

static void systemds_file_may_have_a_mask_where_the_groups_mode_stands(void **state)
{
	(void)state;
	if (geteuid() != 0)
		skip();
	setenv("CREDENTIALS_DIRECTORY", dir, 1);
	put("A_TOKEN", "from-systemd", 0440);
	found(&token, false, "from-systemd");
	put("A_TOKEN", "from-systemd", 0444);
	refused(&token, "can be read by others", "from-systemd");
}

static void a_missing_secret_names_itself_and_the_places(void **state)
{
	cleanup_secret struct secret v = {0};
	struct err e = {0};

	(void)state;
	assert_int_equal(plan_secret_find(&bottle, &token, true, &v, &e), -ENOENT);
	assert_non_null(strstr(e.msg, "'A_TOKEN'"));
	assert_non_null(strstr(e.msg, "the environment"));
	assert_non_null(strstr(e.msg, "secrets/A_TOKEN"));
	assert_non_null(strstr(e.msg, "CREDENTIALS_DIRECTORY"));
	assert_non_null(strstr(e.msg, "settings.yml"));
}

static void a_secret_that_others_can_read_is_refused(void **state)
{
	(void)state;
	put("secrets/A_TOKEN", "from-the-file", 0640);
	refused(&token, "can be read by others", "from-the-file");
}

static void a_short_secret_is_refused_without_its_value(void **state)
{
	(void)state;
	put("secrets/A_TOKEN", "shorty1", 0600);
	refused(&token, "shorter than 8", "shorty1");
}

static void a_secret_with_a_line_break_is_refused_without_its_value(void **state)
{
	(void)state;
	put("secrets/A_TOKEN", "first-line\r\nX-Injected: 1", 0600);
	refused(&token, "line break", "first-line");
}

static void a_key_must_be_private_and_for_nobody_else_to_read(void **state)
{
	char path[200], text[200];
	struct plan_secret key = {.slot = (char *)"REPO_a_KEY", .name = path, .is_file = true};
	/* Not in one piece, so that nobody takes this file for one that holds a key. */
	const char *kind = "OPENSSH PRIVATE "
			   "KEY";

	(void)state;
	snprintf(path, sizeof(path), "%s/key", dir);
	refused(&key, "no such file", NULL);
	put("key", "ssh-ed25519 AAAA comment", 0600);
	refused(&key, "no private key", "AAAA");
	refused(&key, "git-gate.repos.a.identity: ", "AAAA");
	snprintf(text, sizeof(text), "-----BEGIN %s-----\nMA==\n-----END %s-----", kind, kind);
	put("key", text, 0644);
	refused(&key, "can be read by others", "MA==");
	put("key", text, 0600);
	snprintf(text + strlen(text), sizeof(text) - strlen(text), "\n");
	found(&key, false, text);
}

static void the_canary_is_found_in_the_plan(void **state)
{
	char *env[] = {(char *)"X_Y_SECRET=0123456789", NULL};
	struct plan_secret canary = {
		.slot = (char *)PLAN_CANARY_SLOT, .name = (char *)"X_Y_SECRET"};

	(void)state;
	bottle.env = env;
	found(&canary, false, "0123456789");
	bottle.env = NULL;
	refused(&canary, "canary", NULL);
}

static struct plan_secret login = {
	.slot = (char *)"EGRESS_LOGIN_0", .name = (char *)"claude", .is_login = true};

/* A bottle with a route that has this login; its own place is below CLAUDE_CONFIG_DIR. */
static void with_login(struct policy_route *route)
{
	*route = (struct policy_route){.auth = {.scheme = POLICY_AUTH_LOGIN,
					       .slot = login.slot,
					       .provider = (char *)"claude"}};
	bottle.egress.routes = route;
	bottle.egress.n_routes = 1;
	setenv("CLAUDE_CONFIG_DIR", dir, 1);
}

static void without_login(void)
{
	bottle.egress.n_routes = 0;
	unsetenv("CLAUDE_CONFIG_DIR");
}

static void a_login_is_the_text_of_its_programs_file(void **state)
{
	static const char text[] = "{\"claudeAiOauth\": {\"accessToken\": \"made-up\"}}";
	struct policy_route route;
	char *place, want[100];

	(void)state;
	with_login(&route);
	put(".credentials.json", text, 0600);
	found(&login, true, text);
	place = plan_secret_place(&bottle, &login, true);
	snprintf(want, sizeof(want), "%s/.credentials.json", dir);
	assert_string_equal(place, want);
	free(place);
	without_login();
}

static void a_login_that_is_none_or_everybodys_is_refused(void **state)
{
	struct policy_route route;
	char path[100];

	(void)state;
	with_login(&route);
	snprintf(path, sizeof(path), "%s/login.json", dir);
	login.name = path;
	refused(&login, "log in with claude, or name its file with auth.file", NULL);
	put("login.json", "{\"hush\": 1}", 0600);
	refused(&login, "no login of claude", "hush");
	put("login.json", "{\"claudeAiOauth\": {\"accessToken\": \"hush\"}}", 0640);
	refused(&login, "can be read by others", "hush");
	login.name = (char *)"claude";
	without_login();
}

static void a_refresh_token_goes_back_to_the_file_that_it_came_from(void **state)
{
	struct policy_route route = {.auth = {.scheme = POLICY_AUTH_OAUTH,
					     .grant = POLICY_REFRESH_TOKEN,
					     .slot = token.slot}};
	char *place, want[100];

	(void)state;
	bottle.egress.routes = &route;
	bottle.egress.n_routes = 1;
	put("secrets/A_TOKEN", "from-the-file", 0600);
	snprintf(want, sizeof(want), "%s/secrets/A_TOKEN", dir);
	place = plan_secret_place(&bottle, &token, true);
	assert_string_equal(place, want);
	free(place);
	setenv("A_TOKEN", "from-the-environment", 1);
	assert_null(plan_secret_place(&bottle, &token, true));
	route.auth.grant = POLICY_CLIENT_CREDENTIALS;
	assert_null(plan_secret_place(&bottle, &token, false));
	bottle.egress.n_routes = 0;
}

#define WITH_HOME(test) cmocka_unit_test_setup_teardown(test, make_home, remove_home)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_HOME(a_secret_of_the_directory_loses_its_last_line_break),
		WITH_HOME(the_operators_environment_comes_first_and_only_when_it_is_asked),
		WITH_HOME(systemds_credentials_come_last),
		WITH_HOME(the_settings_command_is_asked_when_the_secret_is_nowhere_else),
		WITH_HOME(a_command_that_fails_is_told_with_its_secret_and_its_complaint),
		WITH_HOME(systemds_file_may_have_a_mask_where_the_groups_mode_stands),
		WITH_HOME(a_missing_secret_names_itself_and_the_places),
		WITH_HOME(a_secret_that_others_can_read_is_refused),
		WITH_HOME(a_short_secret_is_refused_without_its_value),
		WITH_HOME(a_secret_with_a_line_break_is_refused_without_its_value),
		WITH_HOME(a_key_must_be_private_and_for_nobody_else_to_read),
		WITH_HOME(a_login_is_the_text_of_its_programs_file),
		WITH_HOME(a_login_that_is_none_or_everybodys_is_refused),
		WITH_HOME(a_refresh_token_goes_back_to_the_file_that_it_came_from),
		cmocka_unit_test(the_canary_is_found_in_the_plan),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
