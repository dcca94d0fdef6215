#include "forge/key_record.h"

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
#include <unistd.h>

#include <cmocka.h>

#include "base/path.h"
#include "base/str.h"

#define LINE "ssh-ed25519 AAAA bot-bottle:dev:app"

static char dir[64];
static struct plan_deploy_key key = {.repo = (char *)"app",
	.provider = DEPLOY_GITLAB,
	.api_url = (char *)"https://git.example.com",
	.repository = (char *)"a/b/app",
	.title = (char *)"bot-bottle:dev:app",
	.token_slot = (char *)"FORGE_TOKEN_0",
	.token_name = (char *)"FORGE_TOKEN",
	.key_slot = (char *)"REPO_app_KEY"};

static int make_dir(void **state)
{
	(void)state;
	snprintf(dir, sizeof(dir), "/tmp/test-key-record-XXXXXX");
	return mkdtemp(dir) ? 0 : -1;
}

static int remove_dir(void **state)
{
	struct err e;

	(void)state;
	return path_remove_tree(AT_FDCWD, dir, &e);
}

static struct key_record new_record(char name[64])
{
	struct key_record r;
	struct err e = {0};

	assert_int_equal(key_record_new(dir, "dev", &key, LINE, &r, &e), 0);
	snprintf(name, 64, "%s", r.name);
	return r;
}

static void what_was_recorded_is_found_again(void **state)
{
	cleanup_key_record struct key_record back = KEY_RECORD_NONE;
	cleanup_strv char **names = NULL;
	struct err e = {0};
	char name[64];
	struct key_record r = new_record(name);

	(void)state;
	assert_int_equal(key_record_made(&r, 42, &e), 0);
	assert_int_equal(key_record_failed(&r, "the forge is away", &e), 0);
	key_record_done(&r);
	assert_int_equal(key_record_names(dir, &names, &e), 0);
	assert_int_equal(strv_len(names), 1);
	assert_int_equal(key_record_open(dir, names[0], -1, &back, &e), 0);
	assert_int_equal(back.id, 42);
	assert_string_equal(back.slug, "dev");
	assert_string_equal(back.public_line, LINE);
	assert_string_equal(back.key.repository, "a/b/app");
	assert_int_equal(back.key.provider, DEPLOY_GITLAB);
	assert_string_equal(back.failure, "the forge is away");
	assert_true(back.failed_at >= back.made_at);
}

static void a_record_has_one_owner_who_can_hand_it_on(void **state)
{
	struct key_record other;
	struct err e = {0};
	char name[64];
	struct key_record r = new_record(name);
	int fd = dup(r.fd);

	(void)state;
	assert_int_equal(key_record_open(dir, name, -1, &other, &e), -EBUSY);
	key_record_done(&r);
	assert_int_equal(key_record_open(dir, name, -1, &other, &e), -EBUSY);
	assert_int_equal(key_record_open(dir, name, fd, &other, &e), 0);
	key_record_done(&other);
	assert_int_equal(key_record_open(dir, name, -1, &other, &e), 0);
	key_record_done(&other);
}

static void a_removed_record_is_gone_for_who_has_its_descriptor(void **state)
{
	struct key_record other;
	struct err e = {0};
	char name[64];
	struct key_record r = new_record(name);
	int fd = dup(r.fd);

	(void)state;
	assert_int_equal(key_record_remove(&r, &e), 0);
	key_record_done(&r);
	assert_int_equal(key_record_open(dir, name, fd, &other, &e), -ENOENT);
	assert_int_equal(key_record_open(dir, name, -1, &other, &e), -ENOENT);
}

static void a_line_that_was_not_written_whole_says_nothing(void **state)
{
	struct key_record other;
	struct err e = {0};
	char name[64];
	struct key_record r = new_record(name);

	(void)state;
	assert_int_equal(write(r.fd, "{\"id\": 4", 8), 8);
	key_record_done(&r);
	assert_int_equal(key_record_open(dir, name, -1, &other, &e), 0);
	assert_int_equal(other.id, 0);
	key_record_done(&other);
}

static void what_is_no_record_is_an_error_and_no_directory_is_none(void **state)
{
	cleanup_strv char **names = NULL;
	struct key_record other;
	struct err e = {0};
	char name[64], path[256];
	struct key_record r = new_record(name);
	int fd;

	(void)state;
	key_record_done(&r);
	snprintf(path, sizeof(path), "%s/" KEY_RECORD_DIR "/%s", dir, name);
	fd = open(path, O_WRONLY | O_TRUNC);
	assert_int_equal(write(fd, "{}\n", 3), 3);
	close(fd);
	assert_true(key_record_open(dir, name, -1, &other, &e) < 0);
	assert_true(key_record_open(dir, "../x", -1, &other, &e) < 0);
	assert_int_equal(key_record_names("/nonexistent", &names, &e), 0);
	assert_null(names);
}

static int make_unnamed(const char *name)
{
	char path[256];
	int fd;

	snprintf(path, sizeof(path), "%s/" KEY_RECORD_DIR "/%s.new", dir, name);
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	return fd;
}

static bool is_there(const char *name)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/" KEY_RECORD_DIR "/%s.new", dir, name);
	return access(path, F_OK) == 0;
}

static void what_a_killed_writer_had_not_named_is_taken_away_and_a_living_one_s_stays(void **state)
{
	cleanup_strv char **names = NULL;
	struct err e = {0};
	char name[64];
	struct key_record r = new_record(name);
	int dead, living;

	(void)state;
	key_record_done(&r);
	dead = make_unnamed("dead");
	living = make_unnamed("living");
	assert_int_equal(flock(living, LOCK_EX), 0);
	close(dead);
	assert_int_equal(key_record_names(dir, &names, &e), 0);
	assert_int_equal(strv_len(names), 1);
	assert_string_equal(names[0], name);
	assert_false(is_there("dead"));
	assert_true(is_there("living"));
	close(living);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			what_was_recorded_is_found_again, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(
			a_record_has_one_owner_who_can_hand_it_on, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(
			a_removed_record_is_gone_for_who_has_its_descriptor, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(
			a_line_that_was_not_written_whole_says_nothing, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(
			what_is_no_record_is_an_error_and_no_directory_is_none, make_dir,
			remove_dir),
		cmocka_unit_test_setup_teardown(
			what_a_killed_writer_had_not_named_is_taken_away_and_a_living_one_s_stays,
			make_dir, remove_dir),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
