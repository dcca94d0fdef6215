#include "shim/rdt.h"

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

#include "base/fd.h"
#include "base/path.h"
#include "base/ptr.h"
#include "base/str.h"

/* A directory that looks like resctrl: root, a class "gold" with its monitoring groups. */
struct fake {
	char root[64];
};

static void put(const char *root, const char *path, const char *text)
{
	cleanup_free char *full = str_format("%s/%s", root, path);
	struct err e;

	assert_int_equal(path_write_file(AT_FDCWD, full, text, strlen(text), 0600, &e), 0);
}

static void make_dir(const char *root, const char *path)
{
	cleanup_free char *full = str_format("%s/%s", root, path);

	assert_int_equal(mkdir(full, 0700), 0);
}

static bool is_there(const char *root, const char *path)
{
	cleanup_free char *full = str_format("%s/%s", root, path);

	return access(full, F_OK) == 0;
}

static char *content(const char *root, const char *path)
{
	cleanup_free char *full = str_format("%s/%s", root, path);
	char *text = NULL;
	struct err e;

	assert_int_equal(fd_read_file(AT_FDCWD, full, 4096, &text, NULL, &e), 0);
	return text;
}

static int set_up(void **state)
{
	struct fake *f = calloc(1, sizeof(*f));

	snprintf(f->root, sizeof(f->root), "/tmp/test-rdt.XXXXXX");
	assert_non_null(mkdtemp(f->root));
	make_dir(f->root, "info");
	put(f->root, "info/last_cmd_status", "the reason of the kernel\n");
	put(f->root, "tasks", "");
	put(f->root, "schemata", "L3:0=fff\n");
	make_dir(f->root, "gold");
	make_dir(f->root, "gold/mon_groups");
	put(f->root, "gold/tasks", "");
	put(f->root, "gold/schemata", "    MB:0= 20;1=70\n    L3:0=07f0;1=001f\n");
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fake *f = *state;
	static const char *const left[] = {"info/last_cmd_status", "info",
		"gold/mon_groups/c1/tasks", "gold/mon_groups/c1", "gold/mon_groups", "gold/tasks",
		"gold/schemata", "gold", "c1", "tasks", "schemata", ""};

	for (size_t i = 0; i < ARRAY_LEN(left); i++) {
		cleanup_free char *path = str_format("%s/%s", f->root, left[i]);

		remove(path);
	}
	assert_false(is_there(f->root, ""));
	free(f);
	return 0;
}

static void resctrl_is_found_where_it_is_mounted(void **state)
{
	struct fake *f = *state;
	cleanup_free char *table = str_format("%s/schemata", f->root), *root = NULL;
	struct err e;

	put(f->root, "schemata", "proc /proc proc rw 0 0\nr /sys/fs/a\\040b resctrl rw 0 0\n");
	assert_int_equal(rdt_find_root(table, &root, &e), 0);
	assert_string_equal(root, "/sys/fs/a b");
}

static void where_there_is_none_the_error_says_what_to_do(void **state)
{
	struct fake *f = *state;
	cleanup_free char *table = str_format("%s/schemata", f->root), *root = NULL;
	struct err e;

	put(f->root, "schemata", "resctrl /x tmpfs rw 0 0\n");
	assert_int_equal(rdt_find_root(table, &root, &e), -ENODEV);
	assert_non_null(strstr(e.msg, "mount -t resctrl"));
}

static void a_container_without_a_class_gets_one_that_goes_with_it(void **state)
{
	const struct fake *f = *state;
	const struct oci_rdt none = {0};
	struct rdt r;
	struct err e;

	assert_int_equal(rdt_make(f->root, &none, "c1", &r, &e), 0);
	assert_true(is_there(f->root, "c1"));
	assert_int_equal(strv_len(r.groups), 1);
	rdt_remove(r.made);
	assert_false(is_there(f->root, "c1"));
	rdt_remove(r.made);
	rdt_done(&r);
}

static void a_class_of_the_operator_stays(void **state)
{
	const struct fake *f = *state;
	const struct oci_rdt gold = {.clos_id = (char *)"gold"};
	struct rdt r;
	struct err e;

	assert_int_equal(rdt_make(f->root, &gold, "c1", &r, &e), 0);
	assert_null(r.made);
	assert_int_equal(rdt_join(r.groups, 4242, &e), 0);
	cleanup_free char *tasks = content(f->root, "gold/tasks");
	assert_string_equal(tasks, "4242");
	rdt_done(&r);
}

static void a_class_that_is_not_there_needs_a_schema(void **state)
{
	const struct fake *f = *state;
	const struct oci_rdt silver = {.clos_id = (char *)"silver"};
	struct rdt r;
	struct err e;

	assert_int_equal(rdt_make(f->root, &silver, "c1", &r, &e), -ENOENT);
	assert_non_null(strstr(e.msg, "closID 'silver' is not there"));
	assert_false(is_there(f->root, "silver"));
}

static void what_a_class_has_must_be_what_is_asked_for(void **state)
{
	const struct fake *f = *state;
	const struct oci_rdt same = {.clos_id = (char *)"gold",
		.l3_cache_schema = (char *)"L3:1=1f;0=7F0",
		.mem_bw_schema = (char *)"MB:1=70"};
	const struct oci_rdt other = {
		.clos_id = (char *)"gold", .l3_cache_schema = (char *)"L3:0=7f1;1=1f"};
	const struct oci_rdt absent = {
		.clos_id = (char *)"gold", .l3_cache_schema = (char *)"L3:2=1"};
	const struct oci_rdt kind = {
		.clos_id = (char *)"gold", .l3_cache_schema = (char *)"L2:0=1"};
	struct rdt r;
	struct err e;

	assert_int_equal(rdt_make(f->root, &same, "c1", &r, &e), 0);
	rdt_done(&r);
	assert_int_equal(rdt_make(f->root, &other, "c1", &r, &e), -EINVAL);
	assert_non_null(strstr(e.msg, "L3:0=7f1;1=1f"));
	assert_int_equal(rdt_make(f->root, &absent, "c1", &r, &e), -EINVAL);
	assert_int_equal(rdt_make(f->root, &kind, "c1", &r, &e), -EINVAL);
	assert_true(is_there(f->root, "gold"));
}

static void schemata_are_written_to_a_class_that_is_there(void **state)
{
	const struct fake *f = *state;
	char *lines[] = {(char *)"L3:0=f", (char *)"MB:0=10", NULL};
	const struct oci_rdt root = {.clos_id = (char *)"/", .schemata = lines};
	struct rdt r;
	struct err e;

	assert_int_equal(rdt_make(f->root, &root, "c1", &r, &e), 0);
	cleanup_free char *text = content(f->root, "schemata");
	assert_true(str_starts(text, "L3:0=f\nMB:0=10\n"));
	assert_string_equal(r.groups[0], f->root);
	rdt_done(&r);
}

static void a_class_whose_schema_is_refused_is_removed_again(void **state)
{
	const struct fake *f = *state;
	/* In a directory that no kernel has filled there is no schemata to write. */
	const struct oci_rdt fresh = {.mem_bw_schema = (char *)"MB:0=10"};
	struct rdt r;
	struct err e;

	assert_int_equal(rdt_make(f->root, &fresh, "c1", &r, &e), -ENOENT);
	assert_non_null(strstr(e.msg, "resctrl says 'the reason of the kernel'"));
	assert_false(is_there(f->root, "c1"));
}

static void a_monitoring_group_goes_with_the_container(void **state)
{
	const struct fake *f = *state;
	const struct oci_rdt watched = {.clos_id = (char *)"gold", .monitoring = true};
	struct rdt r, again;
	struct err e;

	assert_int_equal(rdt_make(f->root, &watched, "c1", &r, &e), 0);
	assert_int_equal(strv_len(r.groups), 2);
	assert_true(is_there(f->root, "gold/mon_groups/c1"));
	assert_int_equal(rdt_make(f->root, &watched, "c1", &again, &e), -EEXIST);
	assert_true(is_there(f->root, "gold/mon_groups/c1"));
	put(f->root, "gold/mon_groups/c1/tasks", "");
	assert_int_equal(rdt_join(r.groups, 7, &e), 0);
	cleanup_free char *tasks = content(f->root, "gold/mon_groups/c1/tasks");
	assert_string_equal(tasks, "7");
	cleanup_free char *path = str_format("%s/tasks", r.groups[1]);
	assert_int_equal(unlink(path), 0);
	rdt_remove(r.made);
	assert_false(is_there(f->root, "gold/mon_groups/c1"));
	assert_true(is_there(f->root, "gold"));
	rdt_done(&r);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(resctrl_is_found_where_it_is_mounted),
		TEST(where_there_is_none_the_error_says_what_to_do),
		TEST(a_container_without_a_class_gets_one_that_goes_with_it),
		TEST(a_class_of_the_operator_stays),
		TEST(a_class_that_is_not_there_needs_a_schema),
		TEST(what_a_class_has_must_be_what_is_asked_for),
		TEST(schemata_are_written_to_a_class_that_is_there),
		TEST(a_class_whose_schema_is_refused_is_removed_again),
		TEST(a_monitoring_group_goes_with_the_container),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
