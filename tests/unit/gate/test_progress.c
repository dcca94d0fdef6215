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

#include "gate/progress.h"

static void numbers_are_told_in_groups_of_three(void **state)
{
	char buf[PROGRESS_NUMBER_MAX];

	(void)state;
	assert_string_equal(progress_number(0, buf), "0");
	assert_string_equal(progress_number(999, buf), "999");
	assert_string_equal(progress_number(1240, buf), "1,240");
	assert_string_equal(progress_number(1234567, buf), "1,234,567");
	assert_string_equal(progress_number(100000, buf), "100,000");
}

/* An index of version 2 as far as it is looked at. */
static void write_index(const char *path, unsigned char n, const char *magic)
{
	unsigned char bytes[8 + 256 * 4] = {0};
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	memcpy(bytes, magic, 4);
	bytes[7] = 2;
	bytes[sizeof(bytes) - 1] = n;
	assert_int_equal(fwrite(bytes, 1, sizeof(bytes), f), sizeof(bytes));
	assert_int_equal(fclose(f), 0);
}

static void objects_are_counted_by_the_indexes_of_the_packs(void **state)
{
	char dir[] = "/tmp/progress.XXXXXX", path[64];

	(void)state;
	assert_non_null(mkdtemp(dir));
	assert_int_equal(progress_count(dir), 0);
	snprintf(path, sizeof(path), "%s/pack", dir);
	assert_int_equal(mkdir(path, 0700), 0);
	snprintf(path, sizeof(path), "%s/pack/a.idx", dir);
	write_index(path, 40, "\377tOc");
	assert_int_equal(progress_count(dir), 40);
	snprintf(path, sizeof(path), "%s/pack/b.idx", dir);
	write_index(path, 2, "\377tOc");
	assert_int_equal(progress_count(dir), 42);
	write_index(path, 2, "none");
	assert_int_equal(progress_count(dir), 40);
	assert_int_equal(unlink(path), 0);
	snprintf(path, sizeof(path), "%s/pack/a.idx", dir);
	assert_int_equal(unlink(path), 0);
	snprintf(path, sizeof(path), "%s/pack", dir);
	assert_int_equal(rmdir(path), 0);
	assert_int_equal(rmdir(dir), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_are_told_in_groups_of_three),
		cmocka_unit_test(objects_are_counted_by_the_indexes_of_the_packs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
