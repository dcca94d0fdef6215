#include "shim/latch.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/fd.h"
#include "base/path.h"

static char dir[64];
static int dirfd = -1;

static int make_dir(void **state)
{
	(void)state;
	snprintf(dir, sizeof(dir), "/tmp/test-latch-XXXXXX");
	if (!mkdtemp(dir))
		return -1;
	dirfd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return dirfd < 0 ? -1 : 0;
}

static int remove_dir(void **state)
{
	struct err e;

	(void)state;
	fd_close(&dirfd);
	return path_remove_tree(AT_FDCWD, dir, &e);
}

/* An init that waits and then executes a program, or tells why not. */
static pid_t waiting_init(int listener, const char *program)
{
	pid_t pid = fork();

	if (pid == 0) {
		struct err e;
		int c = latch_wait(listener, &e);

		execl(program, program, (char *)NULL);
		err_set(&e, errno, "exec %s", program);
		latch_fail(c, &e);
		_exit(1);
	}
	return pid;
}

static void start_returns_when_the_program_was_executed(void **state)
{
	struct err e;
	int status, listener = latch_make(dirfd, &e);
	pid_t pid = waiting_init(listener, "/bin/true");

	(void)state;
	close(listener);
	assert_true(latch_present(dirfd));
	assert_int_equal(latch_release(dirfd, latch_connect(dirfd, &e), &e), 0);
	assert_false(latch_present(dirfd));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void start_hears_why_the_program_was_not_executed(void **state)
{
	struct err e;
	int listener = latch_make(dirfd, &e);
	pid_t pid = waiting_init(listener, "/nowhere");

	(void)state;
	close(listener);
	assert_int_equal(latch_release(dirfd, latch_connect(dirfd, &e), &e), -ENOENT);
	assert_string_equal(e.msg, "exec /nowhere: no such file or directory");
	waitpid(pid, NULL, 0);
	unlinkat(dirfd, LATCH_FILE, 0);
}

static void a_start_that_dies_before_it_says_go_starts_nothing(void **state)
{
	struct err e;
	int status, dead, listener = latch_make(dirfd, &e);
	pid_t pid = waiting_init(listener, "/bin/true");

	(void)state;
	close(listener);
	dead = latch_connect(dirfd, &e);
	assert_true(dead >= 0);
	close(dead);
	assert_true(latch_present(dirfd));
	assert_int_equal(latch_release(dirfd, latch_connect(dirfd, &e), &e), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void a_dead_init_refuses_the_connection(void **state)
{
	struct err e;
	int listener = latch_make(dirfd, &e);

	(void)state;
	close(listener);
	assert_int_equal(latch_connect(dirfd, &e), -ECONNREFUSED);
	unlinkat(dirfd, LATCH_FILE, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(start_returns_when_the_program_was_executed),
		cmocka_unit_test(start_hears_why_the_program_was_not_executed),
		cmocka_unit_test(a_start_that_dies_before_it_says_go_starts_nothing),
		cmocka_unit_test(a_dead_init_refuses_the_connection),
	};

	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
