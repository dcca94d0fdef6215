#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/path.h"
#include "base/ptr.h"
#include "base/str.h"
#include "control/workspace.h"

/* A home with a project and the operator's directory, below a scratch directory. */
static char base[] = "/tmp/test-workspace.XXXXXX";

static char *in_base(const char *name)
{
	return str_format("%s/%s", base, name);
}

static int set_up(void **state)
{
	static const char *const dirs[] = {
		"home", "home/project", "home/.bot-bottle", "home/.bot-bottle/bottles"};

	(void)state;
	if (!mkdtemp(base))
		return -1;
	for (size_t i = 0; i < ARRAY_LEN(dirs); i++) {
		cleanup_free char *dir = in_base(dirs[i]);

		if (mkdir(dir, 0755) < 0)
			return -1;
	}
	cleanup_free char *home = in_base("home"), *link = in_base("link");

	return setenv("HOME", home, 1) < 0 || symlink(home, link) < 0 ? -1 : 0;
}

static int tear_down(void **state)
{
	struct err e;

	(void)state;
	return path_remove_tree(AT_FDCWD, base, &e);
}

static int resolve(const char *path, char **ret, struct err *e)
{
	cleanup_free char *operator= in_base("home/.bot-bottle");

	return workspace_resolve(path, operator, ret, e);
}

static void assert_refused(const char *path, const char *words)
{
	cleanup_free char *found = NULL;
	struct err e = {0};

	assert_true(resolve(path, &found, &e) < 0);
	assert_null(found);
	assert_non_null(strstr(e.msg, words));
}

static void a_project_below_the_home_is_taken_with_its_real_path(void **state)
{
	cleanup_free char *path = in_base("link/project"), *real = in_base("home/project");
	cleanup_free char *found = NULL;
	struct err e = {0};

	(void)state;
	assert_int_equal(resolve(path, &found, &e), 0);
	assert_string_equal(found, real);
}

static void the_root_and_system_directories_are_refused(void **state)
{
	(void)state;
	assert_refused("/", "directory of the system");
	assert_refused("/tmp", "directory of the system");
	assert_refused("/etc", "not to be shared");
	assert_refused("/usr/share", "not to be shared");
	assert_refused("/proc/self", "not to be shared");
}

static void the_home_and_what_holds_it_are_refused(void **state)
{
	cleanup_free char *home = in_base("home"), *link = in_base("link");

	(void)state;
	assert_refused(home, "is the home directory");
	assert_refused(base, "holds the home directory");
	assert_refused(link, "is the home directory");
}

static void the_operators_directory_and_what_lies_in_it_are_refused(void **state)
{
	cleanup_free char *operator= in_base("home/.bot-bottle");
	cleanup_free char *bottles = in_base("home/.bot-bottle/bottles");

	(void)state;
	assert_refused(operator, "overlap");
	assert_refused(bottles, "overlap");
}

static void a_name_that_only_begins_like_the_operators_directory_is_taken(void **state)
{
	cleanup_free char *path = in_base("home/.bot-bottle2"), *found = NULL;
	struct err e = {0};

	(void)state;
	assert_int_equal(mkdir(path, 0755), 0);
	assert_int_equal(resolve(path, &found, &e), 0);
}

static void a_missing_directory_and_a_file_are_errors_that_name_it(void **state)
{
	(void)state;
	assert_refused("/tmp/no-such-directory", "/tmp/no-such-directory");
	assert_refused("/dev/null", "not a directory");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_project_below_the_home_is_taken_with_its_real_path),
		cmocka_unit_test(the_root_and_system_directories_are_refused),
		cmocka_unit_test(the_home_and_what_holds_it_are_refused),
		cmocka_unit_test(the_operators_directory_and_what_lies_in_it_are_refused),
		cmocka_unit_test(a_name_that_only_begins_like_the_operators_directory_is_taken),
		cmocka_unit_test(a_missing_directory_and_a_file_are_errors_that_name_it),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
