#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/proc.h"
#include "gate/lockdown.h"

/* Runs the deed in a child under the gate's lock-down; its wait status. */
static int under_lockdown(int (*deed)(void))
{
	pid_t parent = getpid(), pid = fork();
	int status;

	if (pid == 0) {
		struct err e;

		if (lockdown_enter(parent, &e) < 0)
			_exit(99);
		_exit(deed());
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

static int new_user_namespace(void)
{
	return unshare(CLONE_NEWUSER);
}

static int clone_user_namespace(void)
{
	return (int)syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, NULL, NULL, NULL, NULL) == 0;
}

static int trace(void)
{
	return (int)ptrace(PTRACE_TRACEME, 0, NULL, NULL);
}

static int packet_socket(void)
{
	return socket(AF_PACKET, SOCK_RAW, 0);
}

static int io_uring(void)
{
	return (int)syscall(SYS_io_uring_setup, 1, NULL);
}

static void forbidden_calls_kill(void **state)
{
	static int (*const deeds[])(void) = {
		new_user_namespace, clone_user_namespace, trace, packet_socket, io_uring};

	(void)state;
	for (size_t i = 0; i < sizeof(deeds) / sizeof(*deeds); i++) {
		int status = under_lockdown(deeds[i]);

		assert_true(WIFSIGNALED(status));
		assert_int_equal(WTERMSIG(status), SIGSYS);
	}
}

static int try_clone3(void)
{
	return syscall(SYS_clone3, NULL, 0) < 0 && errno == ENOSYS ? 0 : 1;
}

static int run_git(void)
{
	char git[] = "git", version[] = "--version";
	char *const argv[] = {git, version, NULL};
	struct proc_spec spec = {.path = "/usr/bin/git", .argv = argv};
	struct proc p = PROC_NONE;
	struct err e;
	int status;

	if (proc_spawn(&spec, &p, &e) < 0 || proc_wait(&p, -1, &status, &e) < 0)
		return 1;
	return status != 0;
}

static void clone3_is_not_there_and_programs_run_without_it(void **state)
{
	(void)state;
	assert_int_equal(under_lockdown(try_clone3), 0);
	assert_int_equal(under_lockdown(run_git), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(forbidden_calls_kill),
		cmocka_unit_test(clone3_is_not_there_and_programs_run_without_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
