#include "base/proc.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/fd.h"
#include "base/ptr.h"

static int run_shell(const char *script, const struct proc_fd *fds, size_t n_fds)
{
	char *const argv[] = {(char *)"sh", (char *)"-c", (char *)script, NULL};
	const struct proc_spec spec = {
		.path = "/bin/sh", .exec_fd = -1, .argv = argv, .fds = fds, .n_fds = n_fds};
	struct proc p = PROC_NONE;
	struct err e = {0};
	int status = -1;

	assert_int_equal(proc_spawn(&spec, &p, &e), 0);
	assert_int_equal(proc_wait(&p, 10000, &status, &e), 1);
	assert_int_equal(p.pid, 0);
	return status;
}

static void the_exit_status_comes_back(void **state)
{
	int status = run_shell("exit 5", NULL, 0);

	(void)state;
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 5);
}

static void a_program_that_is_missing_is_an_error_of_the_spawn(void **state)
{
	char *const argv[] = {(char *)"x", NULL};
	const struct proc_spec spec = {.path = "/nonexistent/x", .exec_fd = -1, .argv = argv};
	struct proc p = PROC_NONE;
	struct err e = {0};

	(void)state;
	assert_int_equal(proc_spawn(&spec, &p, &e), -ENOENT);
	assert_non_null(strstr(e.msg, "/nonexistent/x"));
	assert_int_equal(p.pid, 0);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
}

static void all_are_closed_but_those_to_be_kept(void **state)
{
	int fds[6], keep[4], status;
	pid_t pid;

	(void)state;
	for (int i = 0; i < 6; i++)
		assert_true((fds[i] = fcntl(0, F_DUPFD, 20 + 2 * i)) >= 20);
	pid = fork();
	if (pid == 0) {
		bool right;

		memcpy(keep, (int[]){fds[4], -1, fds[1], 0}, sizeof(keep));
		right = proc_close_but((unsigned)fds[0], keep, 4) == 0;
		for (int i = 0; i < 6; i++)
			right &= (fcntl(fds[i], F_GETFD) >= 0) == (i == 1 || i == 4);
		_exit(right && fcntl(0, F_GETFD) >= 0 ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	for (int i = 0; i < 6; i++)
		close(fds[i]);
}

static void a_child_has_exactly_the_descriptors_of_its_table(void **state)
{
	int pipes[2];
	char out[64] = "";
	cleanup_fd int leak = open("/etc/passwd", O_RDONLY); /* not close-on-exec */
	struct proc_fd fds[] = {{-1, 1}};

	(void)state;
	assert_int_equal(pipe2(pipes, O_CLOEXEC), 0);
	fds[0].from = pipes[1];
	run_shell(
		"for f in /proc/self/fd/*; do f=${f##*/}; [ $f -gt 2 ] && [ -e /proc/$$/fd/$f ] && "
		"echo $f; done; :",
		fds, 1);
	fd_close(&pipes[1]);
	assert_int_equal(fd_read_full(pipes[0], out, sizeof(out) - 1), 0);
	fd_close(&pipes[0]);
}

static void descriptors_can_change_places(void **state)
{
	int a[2], b[2];
	char script[64], out[8] = "";
	struct proc_fd fds[2];

	(void)state;
	assert_int_equal(pipe2(a, O_CLOEXEC), 0);
	assert_int_equal(pipe2(b, O_CLOEXEC), 0);
	/* Each one's number in the child is the other's in the parent. */
	fds[0] = (struct proc_fd){a[1], b[1]};
	fds[1] = (struct proc_fd){b[1], a[1]};
	snprintf(script, sizeof(script), "echo a >&%d; echo b >&%d", b[1], a[1]);
	run_shell(script, fds, 2);
	assert_int_equal(read(a[0], out, 1), 1);
	assert_int_equal(out[0], 'a');
	assert_int_equal(read(b[0], out, 1), 1);
	assert_int_equal(out[0], 'b');
	for (int i = 0; i < 2; i++) {
		fd_close(&a[i]);
		fd_close(&b[i]);
	}
}

static void signals_are_at_their_defaults_in_the_child(void **state)
{
	struct sigaction ignore = {.sa_handler = SIG_IGN}, old;
	sigset_t block, before;
	int status;

	(void)state;
	sigaction(SIGTERM, &ignore, &old);
	sigemptyset(&block);
	sigaddset(&block, SIGTERM);
	sigprocmask(SIG_BLOCK, &block, &before);
	status = run_shell("kill -TERM $$; exit 0", NULL, 0);
	sigprocmask(SIG_SETMASK, &before, NULL);
	sigaction(SIGTERM, &old, NULL);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGTERM);
}

static int refuse(void *arg, struct err *e)
{
	return err_say(e, EACCES, "%s", (const char *)arg);
}

static void an_error_in_the_child_is_the_parents(void **state)
{
	char *const argv[] = {(char *)"true", NULL};
	const struct proc_spec spec = {.path = "/bin/true",
		.exec_fd = -1,
		.argv = argv,
		.in_child = refuse,
		.arg = (void *)"the child's own words"};
	struct proc p = PROC_NONE;
	struct err e = {0};

	(void)state;
	assert_int_equal(proc_spawn(&spec, &p, &e), -EACCES);
	assert_non_null(strstr(e.msg, "the child's own words"));
}

static void waiting_ends_at_its_time_and_killing_reaps(void **state)
{
	char *const argv[] = {(char *)"sleep", (char *)"60", NULL};
	const struct proc_spec spec = {.path = "/bin/sleep", .exec_fd = -1, .argv = argv};
	struct proc p = PROC_NONE;
	struct err e = {0};
	int status;
	pid_t pid;

	(void)state;
	assert_int_equal(proc_spawn(&spec, &p, &e), 0);
	pid = p.pid;
	assert_int_equal(proc_wait(&p, 20, &status, &e), 0);
	proc_kill(&p);
	assert_int_equal(p.pid, 0);
	assert_int_equal(p.pidfd, -1);
	assert_int_equal(kill(pid, 0), -1);
}

static void a_start_time_tells_two_processes_apart(void **state)
{
	unsigned long long mine = 0, first = 0;
	char st = 0;
	struct err e = {0};

	(void)state;
	assert_int_equal(proc_start_time(getpid(), &mine, &st, &e), 0);
	assert_int_equal(st, 'R');
	assert_int_equal(proc_start_time(1, &first, &st, &e), 0);
	assert_true(mine >= first);
	assert_true(mine > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_exit_status_comes_back),
		cmocka_unit_test(a_program_that_is_missing_is_an_error_of_the_spawn),
		cmocka_unit_test(all_are_closed_but_those_to_be_kept),
		cmocka_unit_test(a_child_has_exactly_the_descriptors_of_its_table),
		cmocka_unit_test(descriptors_can_change_places),
		cmocka_unit_test(signals_are_at_their_defaults_in_the_child),
		cmocka_unit_test(an_error_in_the_child_is_the_parents),
		cmocka_unit_test(waiting_ends_at_its_time_and_killing_reaps),
		cmocka_unit_test(a_start_time_tells_two_processes_apart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
