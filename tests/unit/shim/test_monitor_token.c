#include "shim/monitor_token.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/component.h"
#include "base/fd.h"
#include "base/path.h"
#include "base/str.h"
#include "bundle/login.h"

static char dir[64], token_path[100], login_path[100];
static struct monitor_secret secrets[3];
static struct monitor m;
static int egress; /* its end of the control socket */

static void put(const char *path, const char *text, mode_t mode)
{
	struct err e = {0};

	assert_int_equal(path_write_file(AT_FDCWD, path, text, strlen(text), mode, &e), 0);
	assert_int_equal(chmod(path, mode), 0);
}

static void is_in(const char *path, const char *want)
{
	char *text = NULL;
	size_t len;
	struct err e = {0};

	assert_int_equal(fd_read_file(AT_FDCWD, path, 65536, &text, &len, &e), 0);
	if (!strstr(text, want))
		fail_msg("'%s' is not in %s: %s", want, path, text);
	free(text);
}

static int make(void **state)
{
	int pair[2];
	struct err e;

	(void)state;
	snprintf(dir, sizeof(dir), "/tmp/test-token-XXXXXX");
	if (!mkdtemp(dir) || msg_pair(pair, &e) < 0)
		return -1;
	snprintf(token_path, sizeof(token_path), "%s/TOKEN", dir);
	snprintf(login_path, sizeof(login_path), "%s/login.json", dir);
	put(token_path, "first-refresh\n", 0600);
	put(login_path,
		"{\"claudeAiOauth\": {\"accessToken\": \"a-1\", \"refreshToken\": \"r-1\"}, "
		"\"k\": 1}",
		0640);
	memset(&m, 0, sizeof(m));
	memset(secrets, 0, sizeof(secrets));
	secrets[0].slot = strdup("EGRESS_TOKEN_0");
	secrets[0].place = strdup(token_path);
	secrets[1].slot = strdup("EGRESS_LOGIN_0");
	secrets[1].place = strdup(login_path);
	secrets[1].provider = strdup("claude");
	secrets[2].slot = strdup("REPO_a_KEY");
	for (int i = 0; i < 3; i++) {
		secrets[i].to_egress = i < 2;
		secrets[i].lock_fd = -1;
		secrets[i].turn_due = INT64_MAX;
		if (secret_set(&secrets[i].value, "at-create", 9, &e) < 0)
			return -1;
	}
	m.plan.secrets = secrets;
	m.plan.n_secrets = 3;
	m.parts[COMPONENT_EGRESS].kind = &component_kinds[COMPONENT_EGRESS];
	m.parts[COMPONENT_EGRESS].state = PART_UP;
	m.parts[COMPONENT_EGRESS].c.control = pair[0];
	m.parts[COMPONENT_GATE].kind = &component_kinds[COMPONENT_GATE];
	egress = pair[1];
	return fd_set_nonblock(egress, 1);
}

static int unmake(void **state)
{
	struct err e;

	(void)state;
	monitor_token_forget(&m);
	for (int i = 0; i < 3; i++) {
		free(secrets[i].slot);
		free(secrets[i].place);
		free(secrets[i].provider);
		secret_done(&secrets[i].value);
	}
	fd_close(&m.parts[COMPONENT_EGRESS].c.control);
	fd_close(&egress);
	return path_remove_tree(AT_FDCWD, dir, &e);
}

static int ask(const char *slot)
{
	const struct msg msg = {.body = (char *)slot, .len = strlen(slot)};
	struct err e;

	return monitor_token_ask(&m, &m.parts[COMPONENT_EGRESS], &msg, &e);
}

static int renew(const char *slot, const char *value)
{
	char body[512];
	int n = snprintf(body, sizeof(body), "%s%c%s", slot, '\0', value);
	const struct msg msg = {.body = body, .len = (size_t)n};
	struct err e;

	return monitor_token_take(&m, &m.parts[COMPONENT_EGRESS], &msg, &e);
}

static void told(const char *slot, const char *value)
{
	cleanup_msg struct msg msg = {0};
	struct err e;

	assert_int_equal(msg_recv(egress, &msg, &e), 1);
	assert_int_equal(msg.type, COMPONENT_TOKEN_NOW);
	assert_string_equal(msg.body, slot);
	assert_string_equal(msg.body + strlen(slot) + 1, value);
}

static bool heard_nothing(void)
{
	cleanup_msg struct msg msg = {0};
	struct err e;

	return msg_recv(egress, &msg, &e) == -EAGAIN;
}

static void who_asks_is_told_what_the_file_holds_now(void **state)
{
	(void)state;
	assert_int_equal(ask("EGRESS_TOKEN_0"), 0);
	told("EGRESS_TOKEN_0", "first-refresh");
	put(token_path, "by-another", 0600);
	assert_int_equal(renew("EGRESS_TOKEN_0", ""), 0);
	assert_int_equal(ask("EGRESS_TOKEN_0"), 0);
	told("EGRESS_TOKEN_0", "by-another");
}

static void what_was_renewed_is_written_back_and_handed_to_the_next_life(void **state)
{
	(void)state;
	assert_int_equal(ask("EGRESS_TOKEN_0"), 0);
	assert_int_equal(renew("EGRESS_TOKEN_0", "second-refresh"), 0);
	is_in(token_path, "second-refresh\n");
	assert_string_equal(secrets[0].value.bytes, "second-refresh");
}

static void of_a_login_the_tokens_alone_are_written(void **state)
{
	struct stat st;

	(void)state;
	if (geteuid() == 0)
		assert_int_equal(chown(login_path, 12345, 54321), 0);
	assert_int_equal(ask("EGRESS_LOGIN_0"), 0);
	assert_int_equal(
		renew("EGRESS_LOGIN_0", "{\"access_token\": \"a-2\", \"refresh_token\": \"r-2\", "
					"\"expires_at\": 99, \"evil\": \"x\"}"),
		0);
	is_in(login_path, "\"accessToken\": \"a-2\"");
	is_in(login_path, "\"refreshToken\": \"r-2\"");
	is_in(login_path, "\"k\": 1");
	assert_null(strstr(secrets[1].value.bytes, "evil"));
	assert_int_equal(stat(login_path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0640);
	if (geteuid() == 0) {
		assert_int_equal(st.st_uid, 12345);
		assert_int_equal(st.st_gid, 54321);
	}
}

static void what_egress_may_not_renew_ends_it(void **state)
{
	const struct msg msg = {.body = (char *)"EGRESS_TOKEN_0", .len = 14};
	struct err e;

	(void)state;
	assert_int_equal(ask("REPO_a_KEY"), -EPROTO);
	assert_int_equal(ask("CA_KEY"), -EPROTO);
	assert_int_equal(ask(""), -EPROTO);
	assert_int_equal(monitor_token_ask(&m, &m.parts[COMPONENT_GATE], &msg, &e), -EPROTO);
	assert_int_equal(renew("EGRESS_TOKEN_0", "unasked-for"), -EPROTO);
	assert_int_equal(ask("EGRESS_TOKEN_0"), 0);
	assert_int_equal(ask("EGRESS_TOKEN_0"), -EPROTO);
	assert_true(renew("EGRESS_TOKEN_0", "two\nlines") < 0);
	is_in(token_path, "first-refresh");
}

static void tokens_that_are_none_are_not_written(void **state)
{
	(void)state;
	assert_int_equal(ask("EGRESS_LOGIN_0"), 0);
	assert_true(renew("EGRESS_LOGIN_0", "{\"refresh_token\": \"r-2\"}") < 0);
	assert_int_equal(ask("EGRESS_TOKEN_0"), 0);
	is_in(login_path, "r-1");
}

static void a_symlink_in_the_place_of_the_file_is_not_followed(void **state)
{
	char target[120];

	(void)state;
	snprintf(target, sizeof(target), "%s/target", dir);
	put(target, "not-yours", 0600);
	assert_int_equal(unlink(token_path), 0);
	assert_int_equal(symlink(target, token_path), 0);
	assert_int_equal(ask("EGRESS_TOKEN_0"), 0);
	told("EGRESS_TOKEN_0", "at-create");
	assert_int_equal(renew("EGRESS_TOKEN_0", "second-refresh"), 0);
	is_in(target, "not-yours");
	assert_string_equal(secrets[0].value.bytes, "second-refresh");
}

static void one_bottle_at_a_time_renews(void **state)
{
	int other = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	(void)state;
	assert_int_equal(flock(other, LOCK_EX), 0);
	assert_int_equal(ask("EGRESS_TOKEN_0"), 0);
	assert_true(heard_nothing());
	assert_true(monitor_token_due(&m) < INT64_MAX);
	put(token_path, "by-another", 0600);
	close(other);
	monitor_token_tick(&m, monitor_token_due(&m));
	told("EGRESS_TOKEN_0", "by-another");
	other = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(flock(other, LOCK_EX | LOCK_NB) < 0);
	assert_int_equal(renew("EGRESS_TOKEN_0", ""), 0);
	assert_int_equal(flock(other, LOCK_EX | LOCK_NB), 0);
	close(other);
	assert_true(monitor_token_due(&m) == INT64_MAX);
}

static void who_does_not_come_back_loses_its_turn_and_not_what_it_renewed(void **state)
{
	int other = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	(void)state;
	assert_int_equal(ask("EGRESS_TOKEN_0"), 0);
	monitor_token_tick(&m, monitor_token_due(&m));
	assert_int_equal(flock(other, LOCK_EX | LOCK_NB), 0);
	close(other);
	assert_int_equal(renew("EGRESS_TOKEN_0", "late-refresh"), 0);
	is_in(token_path, "late-refresh");
	assert_int_equal(renew("EGRESS_TOKEN_0", "later-refresh"), -EPROTO);
}

static void the_next_life_may_ask_what_the_last_one_asked(void **state)
{
	(void)state;
	assert_int_equal(ask("EGRESS_TOKEN_0"), 0);
	monitor_token_forget(&m);
	assert_int_equal(ask("EGRESS_TOKEN_0"), 0);
}

static void a_token_that_came_from_no_file_is_renewed_all_the_same(void **state)
{
	(void)state;
	free(secrets[0].place);
	secrets[0].place = NULL;
	assert_int_equal(ask("EGRESS_TOKEN_0"), 0);
	told("EGRESS_TOKEN_0", "at-create");
	assert_int_equal(renew("EGRESS_TOKEN_0", "second-refresh"), 0);
	assert_string_equal(secrets[0].value.bytes, "second-refresh");
	is_in(token_path, "first-refresh");
}

static void a_file_that_cannot_be_written_leaves_the_token_to_this_bottle(void **state)
{
	(void)state;
	assert_int_equal(ask("EGRESS_TOKEN_0"), 0);
	assert_int_equal(unlink(token_path), 0);
	assert_int_equal(renew("EGRESS_TOKEN_0", "second-refresh"), 0);
	assert_string_equal(secrets[0].value.bytes, "second-refresh");
	assert_int_equal(access(token_path, F_OK), -1);
}

#define WITH(test) cmocka_unit_test_setup_teardown(test, make, unmake)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH(who_asks_is_told_what_the_file_holds_now),
		WITH(what_was_renewed_is_written_back_and_handed_to_the_next_life),
		WITH(of_a_login_the_tokens_alone_are_written),
		WITH(what_egress_may_not_renew_ends_it),
		WITH(tokens_that_are_none_are_not_written),
		WITH(a_symlink_in_the_place_of_the_file_is_not_followed),
		WITH(one_bottle_at_a_time_renews),
		WITH(who_does_not_come_back_loses_its_turn_and_not_what_it_renewed),
		WITH(the_next_life_may_ask_what_the_last_one_asked),
		WITH(a_token_that_came_from_no_file_is_renewed_all_the_same),
		WITH(a_file_that_cannot_be_written_leaves_the_token_to_this_bottle),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
