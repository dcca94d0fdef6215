#include "shim/mount_idmap.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const struct oci_id_map own[] = {
	{.container_id = 0, .host_id = 0, .size = 1},
	{.container_id = 1, .host_id = 2, .size = 1000},
};

static int parse(const char *text, struct oci_id_map **ret, size_t *n, struct err *e)
{
	const struct mount_idmap_list list = {text, own, 2};

	*ret = NULL;
	return mount_idmap_parse(&list, ret, n, e);
}

static void ranges_are_read_in_their_order(void **state)
{
	struct oci_id_map *maps;
	struct err e;
	size_t n;

	(void)state;
	assert_int_equal(parse("0-1-10#10-4294967295-1", &maps, &n, &e), 0);
	assert_int_equal(n, 2);
	assert_int_equal(maps[0].container_id, 0);
	assert_int_equal(maps[0].host_id, 1);
	assert_int_equal(maps[0].size, 10);
	assert_true(maps[1].host_id == UINT32_MAX);
	free(maps);
}

static void a_range_may_be_relative_to_the_containers_map(void **state)
{
	struct oci_id_map *maps;
	struct err e;
	size_t n;

	(void)state;
	assert_int_equal(parse("@1-3-10#1-3-10", &maps, &n, &e), 0);
	assert_int_equal(maps[0].host_id, 4);
	assert_int_equal(maps[1].host_id, 3);
	free(maps);
	assert_int_equal(parse("@1-5000-10", &maps, &n, &e), -EINVAL);
	assert_non_null(strstr(e.msg, "does not map 5000"));
}

static void what_is_no_range_is_named(void **state)
{
	static const char *const wrong[] = {"0", "0-1", "0-1-0", "0-1-2-3", "-1-2-3", "a-b-c",
		"0-1-1x", "0--1-1", "4294967296-0-1", "0-1- 1", "@", "99999999999999999999-0-1"};
	struct oci_id_map *maps;
	struct err e;
	size_t n;

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		if (parse(wrong[i], &maps, &n, &e) != -EINVAL || !strstr(e.msg, wrong[i]))
			fail_msg("'%s' was taken", wrong[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ranges_are_read_in_their_order),
		cmocka_unit_test(a_range_may_be_relative_to_the_containers_map),
		cmocka_unit_test(what_is_no_range_is_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
