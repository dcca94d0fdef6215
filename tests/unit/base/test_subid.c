#include "base/subid.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define USER 4004004

static char path[64];

static int make_file(void **state)
{
	int fd;

	(void)state;
	snprintf(path, sizeof(path), "/tmp/test-subid-XXXXXX");
	fd = mkstemp(path);
	return fd < 0 ? -1 : close(fd);
}

static int remove_file(void **state)
{
	(void)state;
	return unlink(path);
}

static void write_lines(const char *text)
{
	FILE *f = fopen(path, "we");

	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
}

static void a_user_s_ranges_are_found_by_number_and_by_name(void **state)
{
	struct subid s;
	struct err e = {0};

	(void)state;
	setenv("LOGNAME", "somebody-of-ldap", 1);
	write_lines("other:1:2\n4004004:100000:65536\nsomebody-of-ldap:300000:10\nroot:5:5\n");
	assert_int_equal(subid_read(path, USER, &s, &e), 0);
	assert_int_equal(s.n, 2);
	assert_int_equal(s.ranges[0].first, 100000);
	assert_int_equal(s.ranges[0].count, 65536);
	assert_int_equal(s.ranges[1].first, 300000);
	assert_int_equal(s.total, 65546);
	assert_int_equal(subid_read(path, 0, &s, &e), 0);
	assert_int_equal(s.n, 1);
	assert_int_equal(s.ranges[0].first, 5);
}

static void what_cannot_be_read_gives_nothing(void **state)
{
	static const char *const lines[] = {"4004004", "4004004:", "4004004:1",
		"4004004:1:", "4004004:x:5", "4004004:1:5x", "4004004:1:0", "4004004:-1:5",
		"4004004:4294967295:2", "4004004:99999999999:1", ":::", ""};
	struct subid s;
	struct err e = {0};

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		write_lines(lines[i]);
		assert_int_equal(subid_read(path, USER, &s, &e), 0);
		assert_int_equal(s.n, 0);
		assert_int_equal(s.total, 0);
	}
	assert_int_equal(subid_read("/nonexistent/subuid", USER, &s, &e), 0);
	assert_int_equal(s.n, 0);
}

static void the_sidecars_have_the_last_ids_and_the_agent_has_some(void **state)
{
	(void)state;
	assert_int_equal(subid_sidecars_first(1), 0);
	assert_int_equal(subid_sidecars_first(9), 0);
	assert_int_equal(subid_sidecars_first(10), 2);
	assert_int_equal(subid_sidecars_first(100), 76);
	assert_int_equal(subid_sidecars_first(65537), 65537 - 1024);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			a_user_s_ranges_are_found_by_number_and_by_name, make_file, remove_file),
		cmocka_unit_test_setup_teardown(
			what_cannot_be_read_gives_nothing, make_file, remove_file),
		cmocka_unit_test(the_sidecars_have_the_last_ids_and_the_agent_has_some),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
