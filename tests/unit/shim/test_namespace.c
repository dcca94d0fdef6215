#include "shim/namespace.h"

#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define FLAGS ((uint64_t)CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWUSER | CLONE_NEWIPC)

static void ones_own_namespaces_do_not_differ(void **state)
{
	(void)state;
	assert_int_equal(namespace_differing(getpid(), FLAGS), 0);
}

/* Else an exec beside the end of a container's init would run its command on the host. */
static void those_of_a_process_that_has_ended_count_as_different(void **state)
{
	pid_t pid = fork();
	siginfo_t info;

	(void)state;
	if (pid == 0)
		_exit(0);
	assert_int_equal(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT), 0);
	assert_true(namespace_differing(pid, FLAGS) & CLONE_NEWNS);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_int_equal(namespace_differing(pid, FLAGS), FLAGS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ones_own_namespaces_do_not_differ),
		cmocka_unit_test(those_of_a_process_that_has_ended_count_as_different),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
