#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/fd.h"
#include "base/path.h"
#include "base/ptr.h"
#include "shim/seccomp.h"

static struct oci_seccomp allow_all_but(struct oci_seccomp_rule *rules, size_t n)
{
	return (struct oci_seccomp){
		.default_action = (char *)"SCMP_ACT_ALLOW", .rules = rules, .n_rules = n};
}

/* Runs `call` under the filter; its errno, or 128 + the signal that ended it. */
static int under(const struct oci_seccomp *s, const char *cache, long (*call)(void))
{
	struct seccomp_program p;
	struct err e = {0};
	int status, listener;
	pid_t pid;

	if (seccomp_compile(s, cache, &p, &e) < 0)
		fail_msg("%s", e.msg);
	pid = fork();
	if (pid == 0) {
		prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
		if (seccomp_install(&p, &listener, &e) < 0)
			_exit(127);
		errno = 0;
		/* Not _exit: a sanitizer asks more of the kernel there than the filter allows. */
		syscall(SYS_exit_group, call() < 0 ? errno : 0);
		_exit(126);
	}
	seccomp_program_done(&p);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

static long call_getppid(void)
{
	return syscall(SYS_getppid);
}

static long call_personality_linux(void)
{
	return syscall(SYS_personality, PER_LINUX);
}

static long call_personality_bsd(void)
{
	return syscall(SYS_personality, PER_BSD);
}

static long call_personality_sunos(void)
{
	return syscall(SYS_personality, PER_SUNOS);
}

static long call_number_1000(void)
{
	return syscall(1000);
}

static char *names_getppid[] = {(char *)"getppid", (char *)"no_such_system_call", NULL};

static void a_named_call_gets_its_errno_and_others_pass(void **state)
{
	struct oci_seccomp_rule rule = {.names = names_getppid,
		.action = (char *)"SCMP_ACT_ERRNO",
		.has_errno = true,
		.errno_ret = ELOOP};
	struct oci_seccomp s = allow_all_but(&rule, 1);

	(void)state;
	assert_int_equal(under(&s, NULL, call_getppid), ELOOP);
	assert_int_equal(under(&s, NULL, call_personality_linux), 0);
	rule.has_errno = false;
	assert_int_equal(under(&s, NULL, call_getppid), EPERM);
}

static void kill_ends_the_process(void **state)
{
	struct oci_seccomp_rule rule = {
		.names = names_getppid, .action = (char *)"SCMP_ACT_KILL_PROCESS"};
	struct oci_seccomp s = allow_all_but(&rule, 1);

	(void)state;
	assert_int_equal(under(&s, NULL, call_getppid), 128 + SIGSYS);
}

static char *names_personality[] = {(char *)"personality", NULL};

static void conditions_on_one_argument_are_alternatives(void **state)
{
	struct oci_seccomp_arg args[] = {
		{.index = 0, .value = PER_BSD, .op = (char *)"SCMP_CMP_EQ"},
		{.index = 0, .value = PER_SUNOS, .op = (char *)"SCMP_CMP_EQ"}};
	struct oci_seccomp_rule rule = {.names = names_personality,
		.action = (char *)"SCMP_ACT_ERRNO",
		.has_errno = true,
		.errno_ret = ELOOP,
		.args = args,
		.n_args = 2};
	struct oci_seccomp s = allow_all_but(&rule, 1);

	(void)state;
	assert_int_equal(under(&s, NULL, call_personality_linux), 0);
	assert_int_equal(under(&s, NULL, call_personality_bsd), ELOOP);
	assert_int_equal(under(&s, NULL, call_personality_sunos), ELOOP);
}

static void masked_comparison_takes_the_mask_first(void **state)
{
	struct oci_seccomp_arg arg = {.index = 0,
		.value = 0xf,
		.value_two = PER_BSD & 0xf,
		.op = (char *)"SCMP_CMP_MASKED_EQ"};
	struct oci_seccomp_rule rule = {.names = names_personality,
		.action = (char *)"SCMP_ACT_ERRNO",
		.has_errno = true,
		.errno_ret = ELOOP,
		.args = &arg,
		.n_args = 1};
	struct oci_seccomp s = allow_all_but(&rule, 1);

	(void)state;
	assert_int_equal(under(&s, NULL, call_personality_bsd), ELOOP);
	assert_int_equal(under(&s, NULL, call_personality_linux), 0);
}

static char *names_few[] = {(char *)"exit_group", (char *)"exit", (char *)"personality", NULL};

static void calls_newer_than_the_profile_do_not_exist(void **state)
{
	struct oci_seccomp_rule rule = {.names = names_few, .action = (char *)"SCMP_ACT_ALLOW"};
	struct oci_seccomp s = {
		.default_action = (char *)"SCMP_ACT_ERRNO", .rules = &rule, .n_rules = 1};

	(void)state;
	assert_int_equal(under(&s, NULL, call_number_1000), ENOSYS);
	assert_int_equal(under(&s, NULL, call_getppid), EPERM);
	assert_int_equal(under(&s, NULL, call_personality_linux), 0);
}

static void what_is_unknown_is_an_error_that_names_it(void **state)
{
	static char *bad[] = {(char *)"SCMP_ARCH_PDP11", NULL};
	struct oci_seccomp_rule rule = {.names = names_getppid, .action = (char *)"SCMP_ACT_HUG"};
	struct oci_seccomp s = allow_all_but(&rule, 1);
	struct seccomp_program p;
	struct err e = {0};

	(void)state;
	assert_int_equal(seccomp_compile(&s, NULL, &p, &e), -EINVAL);
	assert_non_null(strstr(e.msg, "SCMP_ACT_HUG"));
	rule.action = (char *)"SCMP_ACT_LOG";
	s.architectures = bad;
	assert_int_equal(seccomp_compile(&s, NULL, &p, &e), -EINVAL);
	assert_non_null(strstr(e.msg, "SCMP_ARCH_PDP11"));
	s.architectures = NULL;
	bad[0] = (char *)"SECCOMP_FILTER_FLAG_MAGIC";
	s.flags = bad;
	assert_int_equal(seccomp_compile(&s, NULL, &p, &e), -EINVAL);
	assert_non_null(strstr(e.msg, "SECCOMP_FILTER_FLAG_MAGIC"));
}

static void a_listener_needs_somebody_to_listen(void **state)
{
	struct oci_seccomp_rule rule = {
		.names = names_getppid, .action = (char *)"SCMP_ACT_NOTIFY"};
	struct oci_seccomp s = allow_all_but(&rule, 1);
	struct seccomp_program p;
	struct err e = {0};

	(void)state;
	assert_int_equal(seccomp_compile(&s, NULL, &p, &e), -EINVAL);
	assert_non_null(strstr(e.msg, "listenerPath"));
	s.listener_path = (char *)"/run/agent.sock";
	assert_int_equal(seccomp_compile(&s, NULL, &p, &e), 0);
	assert_true(p.notify);
	seccomp_program_done(&p);
}

static void notify_gives_the_listener(void **state)
{
	struct oci_seccomp_rule rule = {
		.names = names_getppid, .action = (char *)"SCMP_ACT_NOTIFY"};
	struct oci_seccomp s = allow_all_but(&rule, 1);
	struct seccomp_program p;
	struct err e = {0};
	int status, listener = -1;
	pid_t pid;

	(void)state;
	s.listener_path = (char *)"/run/agent.sock";
	assert_int_equal(seccomp_compile(&s, NULL, &p, &e), 0);
	pid = fork();
	if (pid == 0) {
		prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
		if (seccomp_install(&p, &listener, &e) < 0)
			_exit(1);
		_exit(listener > 2 && (fcntl(listener, F_GETFD) & FD_CLOEXEC) ? 0 : 2);
	}
	seccomp_program_done(&p);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void a_cached_filter_is_the_same_filter(void **state)
{
	char dir[] = "/tmp/bottle-test-seccomp.XXXXXX";
	struct oci_seccomp_rule rule = {.names = names_getppid,
		.action = (char *)"SCMP_ACT_ERRNO",
		.has_errno = true,
		.errno_ret = ELOOP};
	struct oci_seccomp s = allow_all_but(&rule, 1);
	struct seccomp_program first, second;
	struct err e = {0};

	(void)state;
	assert_non_null(mkdtemp(dir));
	assert_int_equal(seccomp_compile(&s, dir, &first, &e), 0);
	assert_int_equal(seccomp_compile(&s, dir, &second, &e), 0);
	assert_int_equal(first.n_insns, second.n_insns);
	assert_memory_equal(
		first.filter, second.filter, first.n_insns * sizeof(struct sock_filter));
	assert_int_equal(under(&s, dir, call_getppid), ELOOP);
	/* Other rules, other filter. */
	rule.errno_ret = EXDEV;
	assert_int_equal(under(&s, dir, call_getppid), EXDEV);
	seccomp_program_done(&first);
	seccomp_program_done(&second);
	assert_int_equal(path_remove_tree(AT_FDCWD, dir, &e), 0);
}

static void a_cache_that_others_can_write_is_not_believed(void **state)
{
	char dir[] = "/tmp/bottle-test-seccomp.XXXXXX";
	struct oci_seccomp_rule rule = {.names = names_getppid,
		.action = (char *)"SCMP_ACT_ERRNO",
		.has_errno = true,
		.errno_ret = ELOOP};
	struct oci_seccomp s = allow_all_but(&rule, 1);
	struct seccomp_program p;
	struct err e = {0};

	(void)state;
	assert_non_null(mkdtemp(dir));
	assert_int_equal(chmod(dir, 0777), 0);
	assert_int_equal(seccomp_compile(&s, dir, &p, &e), 0);
	seccomp_program_done(&p);
	/* Nothing was stored there either. */
	assert_int_equal(rmdir(dir), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_named_call_gets_its_errno_and_others_pass),
		cmocka_unit_test(kill_ends_the_process),
		cmocka_unit_test(conditions_on_one_argument_are_alternatives),
		cmocka_unit_test(masked_comparison_takes_the_mask_first),
		cmocka_unit_test(calls_newer_than_the_profile_do_not_exist),
		cmocka_unit_test(what_is_unknown_is_an_error_that_names_it),
		cmocka_unit_test(a_listener_needs_somebody_to_listen),
		cmocka_unit_test(notify_gives_the_listener),
		cmocka_unit_test(a_cached_filter_is_the_same_filter),
		cmocka_unit_test(a_cache_that_others_can_write_is_not_believed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
