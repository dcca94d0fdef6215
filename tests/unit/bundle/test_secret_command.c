#include "bundle/secret_command.h"

#include <errno.h>
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

#define SH(script) ((char *const[]){(char *)"sh", (char *)"-c", (char *)(script), NULL})

static int run(struct secret_command c, struct secret *ret, struct err *e)
{
	if (c.limit_ms == 0)
		c.limit_ms = SECRET_COMMAND_MS;
	*ret = (struct secret){0};
	*e = (struct err){0};
	return secret_command_run(&c, ret, e);
}

static void tells(const struct secret_command *c, const char *want)
{
	cleanup_secret struct secret v = {0};
	struct err e;

	if (run(*c, &v, &e) < 0)
		fail_msg("%s", e.msg);
	assert_string_equal(v.bytes, want);
}

static void fails(const struct secret_command *c, const char *why, const char *unsaid)
{
	cleanup_secret struct secret v = {0};
	struct err e;

	assert_true(run(*c, &v, &e) < 0);
	if (!strstr(e.msg, why))
		fail_msg("'%s' is not in '%s'", why, e.msg);
	if (unsaid)
		assert_null(strstr(e.msg, unsaid));
	assert_null(v.bytes);
}

static void what_it_writes_is_the_secret_without_its_line_end(void **state)
{
	struct secret_command c = {.argv = SH("printf 'a value\\r\\n'")};

	(void)state;
	tells(&c, "a value");
}

static void arguments_are_no_shells(void **state)
{
	struct secret_command c = {
		.argv = (char *const[]){(char *)"echo", (char *)"$(id);`id`", NULL}};

	(void)state;
	tells(&c, "$(id);`id`");
}

static void a_failure_tells_status_and_complaint_but_no_output(void **state)
{
	struct secret_command c = {
		.argv = SH("echo half-a-secret; printf 'not\\033[1m signed\\n in' >&2; exit 3")};

	(void)state;
	fails(&c, "it ended with status 3: not [1m signed  in", "half-a-secret");
	c.argv = SH("kill -9 $$");
	fails(&c, "ended by signal 9", NULL);
}

static void nothing_and_too_much_are_no_secrets(void **state)
{
	struct secret_command c = {.argv = SH("echo")};

	(void)state;
	fails(&c, "it wrote nothing", NULL);
	c.argv = SH("yes secretly");
	fails(&c, "more than 65536 bytes", "secretly");
}

static void it_ends_with_all_its_children_when_the_time_is_up(void **state)
{
	struct secret_command c = {
		.argv = SH("echo why >&2; sleep 600 & sleep 600"), .limit_ms = 100};
	struct err e;

	(void)state;
	/* On a busy machine its time is up before it has said anything, and that is told. */
	do {
		cleanup_secret struct secret v = {0};

		c.limit_ms *= 2;
		assert_int_equal(run(c, &v, &e), -ETIMEDOUT);
		assert_null(v.bytes);
	} while (!strstr(e.msg, "it said") && c.limit_ms < 60000);
	assert_non_null(strstr(e.msg, " ms; it said: why"));
}

static void a_complaint_without_end_is_cut(void **state)
{
	struct secret_command c = {.argv = SH("yes no | head -c 300000 >&2; exit 1")};

	(void)state;
	fails(&c, "it ended with status 1: no no", NULL);
}

static void a_program_that_is_not_there_is_named_with_the_path(void **state)
{
	struct secret_command c = {.argv = (char *const[]){(char *)"no-such-program", NULL}};

	(void)state;
	fails(&c, "'no-such-program' is in no directory of PATH (/usr/local/sbin:", NULL);
	c.argv = (char *const[]){(char *)"/no/such", NULL};
	fails(&c, "/no", NULL);
}

static void a_program_that_others_can_write_is_not_run(void **state)
{
	char path[] = "/tmp/test-command-XXXXXX";
	int fd = mkstemp(path);
	struct secret_command c = {.argv = (char *const[]){path, NULL}};

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(fchmod(fd, 0777), 0);
	close(fd);
	fails(&c, path, NULL);
	unlink(path);
}

static void the_environment_is_the_operators_only_when_he_called(void **state)
{
	struct secret_command c = {.argv = SH("echo \"${OF_THE_CALLER-unset} $HOME\"")};

	(void)state;
	setenv("OF_THE_CALLER", "set", 1);
	setenv("HOME", "/callers", 1);
	c.with_env = true;
	tells(&c, "set /callers");
	c.with_env = false;
	c.argv = SH("echo \"${OF_THE_CALLER-unset}\"");
	tells(&c, "unset");
}

static void another_users_command_is_run_as_that_user(void **state)
{
	struct secret_command c = {.argv = SH("id -u; id -G"), .owner = 1, .limit_ms = 0};

	(void)state;
	if (geteuid() != 0)
		skip();
	tells(&c, "1\n1");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_it_writes_is_the_secret_without_its_line_end),
		cmocka_unit_test(arguments_are_no_shells),
		cmocka_unit_test(a_failure_tells_status_and_complaint_but_no_output),
		cmocka_unit_test(nothing_and_too_much_are_no_secrets),
		cmocka_unit_test(it_ends_with_all_its_children_when_the_time_is_up),
		cmocka_unit_test(a_complaint_without_end_is_cut),
		cmocka_unit_test(a_program_that_is_not_there_is_named_with_the_path),
		cmocka_unit_test(a_program_that_others_can_write_is_not_run),
		cmocka_unit_test(the_environment_is_the_operators_only_when_he_called),
		cmocka_unit_test(another_users_command_is_run_as_that_user),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
