#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/path.h"
#include "gate/leftovers.h"
#include "gate/quota.h"

static char dir[] = "/tmp/bottle-leftovers-XXXXXX";
static char name[] = "demo";
static struct policy_repo repo = {.name = name};
static struct gate gate = {.git_dir = dir,
	.policy = {.repos = &repo, .n_repos = 1, .idle_timeout_s = 0, .max_disk = 1 << 20}};

static const char *at(const char *below)
{
	static char path[256];

	snprintf(path, sizeof(path), "%s/%s", dir, below);
	return path;
}

static bool exists(const char *below)
{
	return access(at(below), F_OK) == 0;
}

static void touch(const char *below, off_t size)
{
	int fd = open(at(below), O_WRONLY | O_CREAT, 0600);

	assert_true(fd >= 0);
	assert_int_equal(posix_fallocate(fd, 0, size), 0);
	close(fd);
}

static int open_lock(void)
{
	int fd = open(at("lock"), O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	return fd;
}

static int make_mirror(void **state)
{
	static const char *const dirs[] = {"demo.git/refs/heads/a/b", "demo.git/objects/pack",
		"demo.git/objects/info", "demo.git/objects/tmp_objdir-incoming-1/pack", ".gate"};
	static const char *const files[] = {"demo.git/HEAD", "demo.git/HEAD.lock",
		"demo.git/packed-refs.lock", "demo.git/refs/heads/a/b/c",
		"demo.git/refs/heads/a/b/c.lock", "demo.git/objects/pack/tmp_pack_1",
		"demo.git/objects/pack/pack-1.pack", "demo.git/objects/info/alternates",
		"demo.git/objects/tmp_objdir-incoming-1/pack/tmp_pack_2"};
	struct err e;

	(void)state;
	for (size_t i = 0; i < sizeof(dirs) / sizeof(*dirs); i++)
		assert_int_equal(path_mkdir_p(at(dirs[i]), 0700, &e), 0);
	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++)
		touch(files[i], 1);
	return 0;
}

static int remove_mirror(void **state)
{
	struct err e;

	(void)state;
	return path_remove_tree(AT_FDCWD, at("demo.git"), &e);
}

static void what_killed_processes_left_goes_and_the_rest_stays(void **state)
{
	struct err e = {0};

	(void)state;
	assert_int_equal(leftovers_unlock(&gate, &repo, &e), 0);
	assert_false(exists("demo.git/HEAD.lock"));
	assert_false(exists("demo.git/packed-refs.lock"));
	assert_false(exists("demo.git/refs/heads/a/b/c.lock"));
	assert_false(exists("demo.git/objects/pack/tmp_pack_1"));
	assert_true(exists("demo.git/HEAD"));
	assert_true(exists("demo.git/refs/heads/a/b/c"));
	assert_true(exists("demo.git/objects/pack/pack-1.pack"));
	/* It may be somebody's. */
	assert_true(exists("demo.git/objects/tmp_objdir-incoming-1"));
}

static void only_who_is_alone_removes_quarantines(void **state)
{
	int first = open_lock(), second = open_lock();
	struct err e = {0};

	(void)state;
	assert_int_equal(leftovers_enter(&gate, &repo, first, &e), 0);
	assert_false(exists("demo.git/objects/tmp_objdir-incoming-1"));
	assert_false(exists("demo.git/objects/info"));
	make_mirror(NULL);
	assert_int_equal(leftovers_enter(&gate, &repo, second, &e), 0);
	assert_true(exists("demo.git/objects/tmp_objdir-incoming-1"));
	close(first);
	assert_int_equal(leftovers_enter(&gate, &repo, second, &e), 0);
	assert_false(exists("demo.git/objects/tmp_objdir-incoming-1"));
	close(second);
}

static void a_mirror_that_is_not_there_has_no_leftovers(void **state)
{
	int lock = open_lock();
	struct err e = {0};

	remove_mirror(state);
	assert_int_equal(leftovers_enter(&gate, &repo, lock, &e), 0);
	close(lock);
}

static void a_ninth_push_waits_and_is_refused(void **state)
{
	int held[QUOTA_PUSHES], fd = -1;
	struct err e = {0};

	(void)state;
	for (int i = 0; i < QUOTA_PUSHES; i++)
		assert_int_equal(quota_enter_push(&gate, &held[i], &e), 0);
	assert_int_equal(quota_enter_push(&gate, &fd, &e), -EBUSY);
	close(held[3]);
	assert_int_equal(quota_enter_push(&gate, &held[3], &e), 0);
	for (int i = 0; i < QUOTA_PUSHES; i++)
		close(held[i]);
}

static void objects_in_quarantine_count_against_the_disk(void **state)
{
	struct err e = {0};

	(void)state;
	assert_int_equal(quota_check_disk(&gate, &e), 0);
	touch("demo.git/objects/tmp_objdir-incoming-1/pack/tmp_pack_2", 2 << 20);
	assert_int_equal(quota_check_disk(&gate, &e), -EDQUOT);
	assert_non_null(strstr(e.msg, "hold 2 MiB of objects, and may hold 1 MiB"));
}

static int make_dir(void **state)
{
	(void)state;
	return mkdtemp(dir) ? 0 : -1;
}

static int remove_dir(void **state)
{
	struct err e;

	(void)state;
	return path_remove_tree(AT_FDCWD, dir, &e);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, make_mirror, remove_mirror)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_killed_processes_left_goes_and_the_rest_stays),
		TEST(only_who_is_alone_removes_quarantines),
		TEST(a_mirror_that_is_not_there_has_no_leftovers),
		TEST(a_ninth_push_waits_and_is_refused),
		TEST(objects_in_quarantine_count_against_the_disk),
	};

	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
