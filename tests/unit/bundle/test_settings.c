#include "bundle/settings.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/path.h"
#include "base/str.h"

static char dir[64];

static int make_home(void **state)
{
	(void)state;
	snprintf(dir, sizeof(dir), "/tmp/test-settings-XXXXXX");
	return mkdtemp(dir) ? 0 : -1;
}

static int remove_home(void **state)
{
	struct err e;

	(void)state;
	return path_remove_tree(AT_FDCWD, dir, &e);
}

static void put(const char *text, mode_t mode)
{
	char path[200];
	struct err e = {0};

	snprintf(path, sizeof(path), "%s/settings.yml", dir);
	assert_int_equal(path_write_file(AT_FDCWD, path, text, strlen(text), mode, &e), 0);
	assert_int_equal(chmod(path, mode), 0);
}

static void refused(const char *text, const char *why)
{
	cleanup_strv char **command = NULL;
	struct err e = {0};

	put(text, 0600);
	assert_true(settings_secret_command(dir, "A", &command, &e) < 0);
	if (!strstr(e.msg, why))
		fail_msg("'%s' is not in '%s'", why, e.msg);
}

static void there_need_be_no_settings(void **state)
{
	cleanup_strv char **command = NULL;
	struct err e = {0};

	(void)state;
	assert_int_equal(settings_secret_command(dir, "A", &command, &e), 0);
	put("", 0600);
	assert_int_equal(settings_secret_command(dir, "A", &command, &e), 0);
	assert_null(command);
}

static void the_command_of_a_secret_is_a_list_of_words(void **state)
{
	cleanup_strv char **command = NULL;
	struct err e = {0};

	(void)state;
	put("secrets:\n  B: {command: [b]}\n  A: {command: [op, read, \"op://a b/c\"]}\n", 0600);
	assert_int_equal(settings_secret_command(dir, "A", &command, &e), 1);
	assert_int_equal(strv_len(command), 3);
	assert_string_equal(command[0], "op");
	assert_string_equal(command[2], "op://a b/c");
}

static void another_secret_has_none(void **state)
{
	cleanup_strv char **command = NULL;
	struct err e = {0};

	(void)state;
	put("secrets:\n  B: {command: [b]}\n", 0600);
	assert_int_equal(settings_secret_command(dir, "A", &command, &e), 0);
	assert_null(command);
}

static void a_mistake_names_its_line_whatever_secret_is_wanted(void **state)
{
	(void)state;
	refused("secrets:\n  B: {command: \"op read x\"}\n", "settings.yml:2");
	refused("secrets:\n  B: {command: []}\n", "found no program");
	refused("secrets:\n  B: {cmd: [op]}\n", "cmd");
	refused("secrets:\n  B: op\n", "settings.yml:2");
	refused("secret:\n  B: {command: [op]}\n", "secret");
	refused("secrets:\n  ../B: {command: [op]}\n", "no name of a secret");
}

static void settings_that_others_can_write_are_refused(void **state)
{
	cleanup_strv char **command = NULL;
	struct err e = {0};

	(void)state;
	put("secrets:\n  A: {command: [op]}\n", 0666);
	assert_true(settings_secret_command(dir, "A", &command, &e) < 0);
	assert_non_null(strstr(e.msg, "settings.yml"));
	assert_null(command);
}

#define WITH_HOME(test) cmocka_unit_test_setup_teardown(test, make_home, remove_home)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_HOME(there_need_be_no_settings),
		WITH_HOME(the_command_of_a_secret_is_a_list_of_words),
		WITH_HOME(another_secret_has_none),
		WITH_HOME(a_mistake_names_its_line_whatever_secret_is_wanted),
		WITH_HOME(settings_that_others_can_write_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
