#include "shim/process.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/ioprio.h>
#include <linux/mempolicy.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/path.h"
#include "base/ptr.h"
#include "base/str.h"

static int look_up(const char *name, const char *path, char **ret, struct err *e)
{
	char *args[] = {(char *)name, NULL};
	char *entry = (char *)path;
	char *env[] = {entry, NULL};
	const struct oci_process p = {.args = args, .cwd = (char *)"/"};

	return process_lookup(&p, env, ret, e);
}

static void a_command_is_found_in_the_containers_path(void **state)
{
	cleanup_free char *found = NULL;
	struct err e;

	(void)state;
	assert_int_equal(look_up("sh", "PATH=/nowhere:/bin", &found, &e), 0);
	assert_string_equal(found, "/bin/sh");
}

static void a_missing_command_is_told_in_the_words_that_engines_match(void **state)
{
	char *found = NULL;
	struct err e;

	(void)state;
	assert_int_equal(look_up("no-such-command", "PATH=/bin", &found, &e), -ENOENT);
	assert_string_equal(e.msg, "exec: \"no-such-command\": executable file not found in $PATH");
	assert_int_equal(look_up("/no/such", "PATH=/bin", &found, &e), -ENOENT);
	assert_non_null(strstr(e.msg, "\"/no/such\": stat /no/such: no such file or directory"));
	assert_int_equal(look_up("/etc/passwd", "PATH=/bin", &found, &e), -EACCES);
	assert_string_equal(e.msg, "exec: \"/etc/passwd\": permission denied");
}

static void a_directory_is_no_command(void **state)
{
	char *found = NULL;
	struct err e;

	(void)state;
	assert_true(look_up("/etc", "PATH=/bin", &found, &e) < 0);
	assert_true(look_up("etc", "PATH=/", &found, &e) < 0);
}

static void a_home_that_is_set_stays(void **state)
{
	cleanup_strv char **env = NULL;
	struct err e;

	(void)state;
	assert_int_equal(strv_add(&env, "HOME=/mine"), 0);
	assert_int_equal(process_set_home(&env, 0, &e), 0);
	assert_string_equal(env_get(env, "HOME"), "/mine");
}

static void a_home_comes_from_passwd_or_is_the_root(void **state)
{
	cleanup_strv char **env = NULL, **unknown = NULL;
	struct err e;

	(void)state;
	assert_int_equal(chdir("/"), 0);
	assert_int_equal(process_set_home(&env, 0, &e), 0);
	assert_string_equal(env_get(env, "HOME"), "/root");
	assert_int_equal(process_set_home(&unknown, 4242424, &e), 0);
	assert_string_equal(env_get(unknown, "HOME"), "/");
}

static void a_limit_that_is_lowered_or_unchanged_needs_no_right(void **state)
{
	struct rlimit now;
	struct oci_rlimit l = {.resource = RLIMIT_CORE, .soft = 0};
	const struct oci_process p = {.rlimits = &l, .n_rlimits = 1};
	struct err e;

	(void)state;
	assert_int_equal(getrlimit(RLIMIT_CORE, &now), 0);
	l.hard = now.rlim_max;
	assert_int_equal(process_set_rlimits(0, &p, &e), 0);
	assert_int_equal(getrlimit(RLIMIT_CORE, &now), 0);
	assert_int_equal(now.rlim_cur, 0);
}

static void the_attributes_are_set_of_the_process_that_is_named(void **state)
{
	struct oci_scheduler batch = {.policy = SCHED_BATCH, .nice = 3};
	const struct oci_process p = {
		.scheduler = &batch,
		.has_io_priority = true,
		.io_priority = (int)IOPRIO_PRIO_VALUE(IOPRIO_CLASS_IDLE, 5),
	};
	struct err e;

	(void)state;
	assert_int_equal(process_set_attributes(getpid(), &p, &e), 0);
	assert_int_equal(sched_getscheduler(0), SCHED_BATCH);
	assert_int_equal(getpriority(PRIO_PROCESS, 0), 3);
	assert_int_equal(syscall(SYS_ioprio_get, IOPRIO_WHO_PROCESS, 0), p.io_priority);
}

static void a_scheduler_that_the_kernel_refuses_is_named(void **state)
{
	struct oci_scheduler fifo = {.policy = SCHED_FIFO, .priority = 0};
	const struct oci_process p = {.scheduler = &fifo};
	struct err e;

	(void)state;
	assert_int_equal(process_set_attributes(0, &p, &e), -EINVAL);
	assert_non_null(strstr(e.msg, "SCHED_FIFO"));
}

static void an_affinity_is_set_and_an_absent_one_changes_nothing(void **state)
{
	struct ranges first = {0}, none = {0}, nowhere = {0};
	cpu_set_t now;
	struct err e;

	(void)state;
	assert_int_equal(sched_getaffinity(0, sizeof(now), &now), 0);
	for (int i = 0; !first.present; i++) {
		if (!CPU_ISSET(i, &now))
			continue;
		first.present = true;
		first.words[i / 64] = 1UL << i % 64;
	}
	assert_int_equal(process_set_affinity(0, &first, &e), 0);
	assert_int_equal(process_set_affinity(0, &none, &e), 0);
	assert_int_equal(sched_getaffinity(0, sizeof(now), &now), 0);
	assert_int_equal(CPU_COUNT(&now), 1);
	nowhere.present = true;
	nowhere.words[15] = 1UL << 63;
	assert_int_equal(process_set_affinity(0, &nowhere, &e), -EINVAL);
	assert_non_null(strstr(e.msg, "execCPUAffinity"));
}

static void a_memory_policy_is_the_callers_own(void **state)
{
	struct oci_memory_policy bind = {.mode = MPOL_BIND, .flags = MPOL_F_STATIC_NODES};
	struct oci_memory_policy empty = {.mode = MPOL_BIND};
	int mode = -1;
	struct err e;

	(void)state;
	if (access("/proc/self/numa_maps", F_OK) < 0)
		skip();
	bind.nodes.present = true;
	bind.nodes.words[0] = 1;
	assert_int_equal(process_set_memory_policy(&bind, &e), 0);
	assert_int_equal(syscall(SYS_get_mempolicy, &mode, NULL, 0, NULL, 0), 0);
	assert_int_equal(mode, MPOL_BIND | MPOL_F_STATIC_NODES);
	assert_int_equal(process_set_memory_policy(NULL, &e), 0);
	assert_int_equal(process_set_memory_policy(&empty, &e), -EINVAL);
	assert_non_null(strstr(e.msg, "MPOL_BIND"));
}

/* In the order of their numbers: given to us, ours, given to us, and two beyond what is handed on.
 */
static void only_what_was_given_to_us_is_handed_on(void **state)
{
	const struct process_plan plan = {.preserve_fds = 1000};
	int given = dup(1), ours = fcntl(1, F_DUPFD_CLOEXEC, 3),
	    sync = fcntl(1, F_DUPFD_CLOEXEC, 3);
	int beyond = fcntl(1, F_DUPFD, 1003);
	int keep[] = {sync, -1};
	struct err e;

	(void)state;
	assert_int_equal(process_keep_only(&plan, keep, 2, &e), 0);
	assert_true(fcntl(given, F_GETFD) >= 0);
	assert_true(fcntl(sync, F_GETFD) >= 0);
	assert_int_equal(fcntl(ours, F_GETFD), -1);
	assert_int_equal(fcntl(beyond, F_GETFD), -1);
	close(given);
	close(sync);
}

static void a_boundless_number_to_preserve_is_all_there_can_be(void **state)
{
	const struct process_plan plan = {.preserve_fds = LONG_MAX};
	int given = dup(1), ours = fcntl(1, F_DUPFD_CLOEXEC, 3), keep[] = {-1};
	struct err e;

	(void)state;
	assert_int_equal(process_keep_only(&plan, keep, 1, &e), 0);
	assert_true(fcntl(given, F_GETFD) >= 0);
	assert_int_equal(fcntl(ours, F_GETFD), -1);
	close(given);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_command_is_found_in_the_containers_path),
		cmocka_unit_test(a_missing_command_is_told_in_the_words_that_engines_match),
		cmocka_unit_test(a_directory_is_no_command),
		cmocka_unit_test(a_home_that_is_set_stays),
		cmocka_unit_test(a_home_comes_from_passwd_or_is_the_root),
		cmocka_unit_test(a_limit_that_is_lowered_or_unchanged_needs_no_right),
		cmocka_unit_test(the_attributes_are_set_of_the_process_that_is_named),
		cmocka_unit_test(a_scheduler_that_the_kernel_refuses_is_named),
		cmocka_unit_test(an_affinity_is_set_and_an_absent_one_changes_nothing),
		cmocka_unit_test(a_memory_policy_is_the_callers_own),
		cmocka_unit_test(only_what_was_given_to_us_is_handed_on),
		cmocka_unit_test(a_boundless_number_to_preserve_is_all_there_can_be),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
