#include "base/confine.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/capability.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/ptr.h"

/* Runs it in a child, whose wait status comes back: what it does cannot be undone. */
static int in_child(int (*what)(void))
{
	int status = -1;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0)
		syscall(SYS_exit_group, what());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

static void ends_with(int (*what)(void), int code)
{
	int status = in_child(what);

	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), code);
}

static const struct confine_row rows[] = {
	{"exit_group", "the end", CONFINE_ANY, 0, 0, 0},
	{"getpid", "the test", CONFINE_ANY, 0, 0, 0},
	{"socket", "only this family", CONFINE_ARG_EQ, 0, 0, AF_UNIX},
};

static int call_allowed(void)
{
	struct err e;

	if (confine_privileges(&e) < 0 || confine_syscalls(rows, ARRAY_LEN(rows), &e) < 0)
		return 100;
	return syscall(SYS_getpid) > 0 && syscall(SYS_socket, AF_UNIX, SOCK_STREAM, 0) >= 0 ? 7 : 1;
}

static int call_other(void)
{
	struct err e;

	if (confine_privileges(&e) < 0 || confine_syscalls(rows, ARRAY_LEN(rows), &e) < 0)
		return 100;
	return (int)syscall(SYS_getuid);
}

static int call_other_argument(void)
{
	struct err e;

	if (confine_privileges(&e) < 0 || confine_syscalls(rows, ARRAY_LEN(rows), &e) < 0)
		return 100;
	return (int)syscall(SYS_socket, AF_INET, SOCK_STREAM, 0);
}

static void what_is_listed_is_allowed(void **state)
{
	(void)state;
	ends_with(call_allowed, 7);
}

static void what_is_not_listed_kills(void **state)
{
	int status = in_child(call_other);

	(void)state;
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGSYS);
}

static void a_listed_call_with_another_argument_kills(void **state)
{
	int status = in_child(call_other_argument);

	(void)state;
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGSYS);
}

static int list_a_call_that_is_none(void)
{
	static const struct confine_row bad[] = {{"getpid", "x", CONFINE_ARG_EQ, 9, 0, 0}};
	struct err e;

	return confine_syscalls(bad, 1, &e) < 0 ? 7 : 1;
}

static void a_row_that_makes_no_sense_is_an_error(void **state)
{
	(void)state;
	ends_with(list_a_call_that_is_none, 7);
}

static int count_privileges(void)
{
	struct rlimit core;
	cap_flag_value_t has;
	struct err e;
	cap_t caps;

	if (confine_privileges(&e) < 0)
		return 100;
	caps = cap_get_proc();
	for (cap_value_t c = 0; c <= CAP_LAST_CAP; c++)
		for (cap_flag_t set = CAP_EFFECTIVE; set <= CAP_INHERITABLE; set++)
			if (cap_get_flag(caps, c, set, &has) == 0 && has == CAP_SET)
				return 1;
	if (getrlimit(RLIMIT_CORE, &core) < 0 || core.rlim_max != 0)
		return 2;
	if (prctl(PR_GET_DUMPABLE) != 0 || prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1)
		return 3;
	return 7;
}

static void no_privilege_is_left(void **state)
{
	(void)state;
	ends_with(count_privileges, 7);
}

static int ask_for_another_parent(void)
{
	struct err e;

	return confine_die_with_parent(1, &e) == -ESRCH && getppid() != 1 ? 7 : 1;
}

static void another_parent_than_expected_is_an_error(void **state)
{
	(void)state;
	ends_with(ask_for_another_parent, 7);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_listed_is_allowed),
		cmocka_unit_test(what_is_not_listed_kills),
		cmocka_unit_test(a_listed_call_with_another_argument_kills),
		cmocka_unit_test(a_row_that_makes_no_sense_is_an_error),
		cmocka_unit_test(no_privilege_is_left),
		cmocka_unit_test(another_parent_than_expected_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
