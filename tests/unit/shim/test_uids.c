#include "shim/uids.h"

#include <signal.h>
#include <string.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/path.h"

static char dir[64];

static int make_dir(void **state)
{
	(void)state;
	snprintf(dir, sizeof(dir), "/tmp/test-uids-XXXXXX");
	return mkdtemp(dir) ? 0 : -1;
}

static int remove_dir(void **state)
{
	struct err e;

	(void)state;
	return path_remove_tree(AT_FDCWD, dir, &e);
}

static void two_live_bottles_never_share_a_uid(void **state)
{
	struct uids a = {.lock_fd = -1}, b = {.lock_fd = -1};
	struct err e;

	(void)state;
	assert_int_equal(uids_take(dir, PLAN_COMPONENT_UID_FIRST, 1U << 20, &a, &e), 0);
	assert_int_equal(uids_take(dir, PLAN_COMPONENT_UID_FIRST, 1U << 20, &b, &e), 0);
	assert_true(a.first + UIDS_PER_SLOT <= b.first || b.first + UIDS_PER_SLOT <= a.first);
	uids_release(&a);
	uids_release(&b);
}

static void a_released_slot_is_free_again(void **state)
{
	struct uids a = {.lock_fd = -1}, b = {.lock_fd = -1};
	struct err e;

	(void)state;
	assert_int_equal(uids_take(dir, PLAN_COMPONENT_UID_FIRST, 1U << 20, &a, &e), 0);
	uint32_t first = a.first;
	uids_release(&a);
	assert_int_equal(uids_take(dir, PLAN_COMPONENT_UID_FIRST, 1U << 20, &b, &e), 0);
	assert_int_equal(b.first, first);
	uids_release(&b);
}

static void a_slot_is_free_when_its_holder_was_killed(void **state)
{
	struct uids mine = {.lock_fd = -1};
	struct err e;
	int ready[2], status;
	char byte;
	pid_t pid;

	(void)state;
	assert_int_equal(pipe(ready), 0);
	pid = fork();
	if (pid == 0) {
		struct uids theirs = {.lock_fd = -1};

		if (uids_take(dir, PLAN_COMPONENT_UID_FIRST, 1U << 20, &theirs, &e) == 0 &&
			write(ready[1], "x", 1) == 1)
			pause();
		_exit(1);
	}
	assert_int_equal(read(ready[0], &byte, 1), 1);
	assert_int_equal(uids_take(dir, PLAN_COMPONENT_UID_FIRST, 1U << 20, &mine, &e), 0);
	assert_int_equal(mine.first, PLAN_COMPONENT_UID_FIRST + UIDS_PER_SLOT);
	uids_release(&mine);
	kill(pid, 9);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(uids_take(dir, PLAN_COMPONENT_UID_FIRST, 1U << 20, &mine, &e), 0);
	assert_int_equal(mine.first, PLAN_COMPONENT_UID_FIRST);
	uids_release(&mine);
	close(ready[0]);
	close(ready[1]);
}

static void a_directory_that_cannot_be_made_is_named(void **state)
{
	struct uids u = {.lock_fd = -1};
	struct err e = {0};

	(void)state;
	assert_true(uids_take("/dev/null/uids", 0, 8, &u, &e) < 0);
	assert_non_null(strstr(e.msg, "/dev/null"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			two_live_bottles_never_share_a_uid, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(
			a_released_slot_is_free_again, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(
			a_slot_is_free_when_its_holder_was_killed, make_dir, remove_dir),
		cmocka_unit_test(a_directory_that_cannot_be_made_is_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
