#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/ptr.h"
#include "shim/install_daemon.h"

#define PROGRAM "/usr/local/bin/bottle-shim"

static char path[] = "/tmp/test-daemon.XXXXXX";

static int set_up(void **state)
{
	cleanup_fd int fd = mkstemp(path);

	(void)state;
	return fd < 0 ? -1 : 0;
}

static int tear_down(void **state)
{
	(void)state;
	return unlink(path);
}

static int read_text(const char *text, struct install_daemon *ret, struct err *e)
{
	cleanup_fd int fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(fd_write_all(fd, text, strlen(text)), 0);
	return install_daemon_read(path, ret, e);
}

static void assert_text_after_adding(const char *before, const char *after)
{
	struct install_daemon d;
	struct err e = {0};

	assert_int_equal(read_text(before, &d, &e), 0);
	assert_int_equal(install_daemon_add(&d, PROGRAM, &e), 1);
	cleanup_free char *text = install_daemon_text(&d);
	assert_non_null(text);
	assert_string_equal(text, after);
	install_daemon_done(&d);
}

#define ENTRY(i)                                                                                   \
	i "\"runtimes\": {\n" i i "\"bottle\": {\n" i i i "\"path\": \"" PROGRAM "\",\n" i i i     \
	  "\"runtimeArgs\": [\n" i i i i "\"--home\",\n" i i i i "\"/etc/bot-bottle\",\n" i i i i  \
	  "\"--default-bottle\",\n" i i i i "\"default\",\n" i i i i                               \
	  "\"--require-bottle\"\n" i i i "]\n" i i "}\n" i "}\n}\n"

static void an_empty_file_becomes_an_object_with_the_runtime(void **state)
{
	(void)state;
	assert_text_after_adding("", "{\n" ENTRY("    "));
	assert_text_after_adding(" \n", "{\n" ENTRY("    "));
}

static void the_indentation_of_the_file_is_kept(void **state)
{
	(void)state;
	assert_text_after_adding("{\n  \"z\": 1\n}\n", "{\n  \"z\": 1,\n" ENTRY("  "));
	assert_text_after_adding("{\n\t\"z\": 1\n}\n", "{\n\t\"z\": 1,\n" ENTRY("\t"));
}

static void order_and_numbers_are_kept(void **state)
{
	(void)state;
	assert_text_after_adding("{\n  \"z\": 0.1,\n  \"a\": 64000\n}\n",
		"{\n  \"z\": 0.1,\n  \"a\": 64000,\n" ENTRY("  "));
}

static void what_was_added_is_not_added_again(void **state)
{
	struct install_daemon d;
	struct err e = {0};

	(void)state;
	assert_int_equal(read_text("{}", &d, &e), 0);
	assert_int_equal(install_daemon_add(&d, PROGRAM, &e), 1);
	assert_int_equal(install_daemon_add(&d, PROGRAM, &e), 0);
	install_daemon_done(&d);
}

static void what_was_removed_leaves_the_other_runtimes(void **state)
{
	struct install_daemon d;
	struct err e = {0};

	(void)state;
	assert_int_equal(read_text("{\"runtimes\":{\"a\":{},\"bottle\":{}}}", &d, &e), 0);
	assert_int_equal(install_daemon_remove(&d, &e), 1);
	assert_int_equal(install_daemon_remove(&d, &e), 0);
	assert_non_null(json_object_get(json_object_get(d.json, "runtimes"), "a"));
	install_daemon_done(&d);
}

static void the_default_runtime_is_not_removed(void **state)
{
	struct install_daemon d;
	struct err e = {0};

	(void)state;
	assert_int_equal(
		read_text("{\"default-runtime\":\"bottle\",\"runtimes\":{\"bottle\":{}}}", &d, &e),
		0);
	assert_true(install_daemon_remove(&d, &e) < 0);
	assert_non_null(strstr(e.msg, "default-runtime"));
	install_daemon_done(&d);
}

static void a_broken_file_is_an_error_with_line_and_column(void **state)
{
	struct install_daemon d;
	struct err e = {0};

	(void)state;
	assert_true(read_text("{\n \"a\": 1,\n b\n}", &d, &e) < 0);
	assert_non_null(strstr(e.msg, "line 3, column"));
	install_daemon_done(&d);
	assert_true(read_text("[]", &d, &e) < 0);
	install_daemon_done(&d);
	assert_true(read_text("{\"a\":1,\"a\":2}", &d, &e) < 0);
	install_daemon_done(&d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_empty_file_becomes_an_object_with_the_runtime),
		cmocka_unit_test(the_indentation_of_the_file_is_kept),
		cmocka_unit_test(order_and_numbers_are_kept),
		cmocka_unit_test(what_was_added_is_not_added_again),
		cmocka_unit_test(what_was_removed_leaves_the_other_runtimes),
		cmocka_unit_test(the_default_runtime_is_not_removed),
		cmocka_unit_test(a_broken_file_is_an_error_with_line_and_column),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
