#include "shim/process.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
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
	struct oci_rlimit l = {.type = (char *)"RLIMIT_CORE", .soft = 0};
	const struct oci_process p = {.rlimits = &l, .n_rlimits = 1};
	struct err e;

	(void)state;
	assert_int_equal(getrlimit(RLIMIT_CORE, &now), 0);
	l.hard = now.rlim_max;
	assert_int_equal(process_set_rlimits(0, &p, &e), 0);
	assert_int_equal(getrlimit(RLIMIT_CORE, &now), 0);
	assert_int_equal(now.rlim_cur, 0);
}

static void an_unknown_limit_is_an_error(void **state)
{
	struct oci_rlimit l = {.type = (char *)"RLIMIT_NONSENSE"};
	const struct oci_process p = {.rlimits = &l, .n_rlimits = 1};
	struct err e;

	(void)state;
	assert_int_equal(process_set_rlimits(0, &p, &e), -EINVAL);
	assert_non_null(strstr(e.msg, "RLIMIT_NONSENSE"));
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
		cmocka_unit_test(an_unknown_limit_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
