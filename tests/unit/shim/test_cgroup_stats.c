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
#include "shim/cgroup_oom.h"
#include "shim/cgroup_stats.h"

/* A group of files of the test's own: a directory stands for the kernel's. */
static char *dir;

static void put(const char *file, const char *text)
{
	cleanup_free char *path = str_format("%s/%s", dir, file);
	cleanup_fd int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(fd_write_all(fd, text, strlen(text)), 0);
}

static int make_dir(void **state)
{
	const char *tmp = getenv("TMPDIR");

	(void)state;
	dir = str_format("%s/stats.XXXXXX", tmp ? tmp : "/tmp");
	return dir && mkdtemp(dir) ? 0 : -1;
}

static int remove_dir(void **state)
{
	struct err e = {0};
	int r = path_remove_tree(AT_FDCWD, dir, &e);

	(void)state;
	free(dir);
	return r;
}

static struct cgroup *group(bool v2, const char *names)
{
	struct cgroup *cg = cgroup_new(CGROUP_FS);

	assert_non_null(cg);
	cg->h[0] = (struct cgroup_hier){.v2 = v2, .dirfd = -1, .join_fd = -1};
	cg->n = 1;
	cg->h[0].names = strdup(names);
	cg->h[0].mount = strdup(dir);
	cg->h[0].root = strdup("/");
	cg->h[0].path = strdup("/");
	return cg;
}

static char *stats_of(bool v2, const char *names)
{
	cleanup_cgroup struct cgroup *cg = group(v2, names);
	struct err e = {0};
	char *text = NULL;

	assert_int_equal(cgroup_stats(cg, &text, &e), 0);
	return text;
}

static void lists_of_cpus_are_written_out(void **state)
{
	cleanup_free char *some = stats_cpu_list("0-2,7\n"), *one = stats_cpu_list("3");
	cleanup_free char *none = stats_cpu_list("\n");

	(void)state;
	assert_string_equal(some, "[0,1,2,7]");
	assert_string_equal(one, "[3]");
	assert_null(none);
}

static void v2_counts_microseconds_and_runc_nanoseconds(void **state)
{
	cleanup_free char *text = NULL;

	(void)state;
	put("cpu.stat", "usage_usec 12\nuser_usec 5\nsystem_usec 7\nnr_periods 3\n"
			"nr_throttled 2\nthrottled_usec 9\n");
	put("cpu.pressure", "some avg10=1.25 avg60=0.00 avg300=0.00 total=33\n");
	text = stats_of(true, "");
	assert_non_null(strstr(text, "\"cpu\":{\"usage\":{\"total\":12000,\"kernel\":7000,"
				     "\"user\":5000},\"throttling\":{\"periods\":3,"
				     "\"throttledPeriods\":2,\"throttledTime\":9000},"
				     "\"psi\":{\"some\":{\"avg10\":1.25,\"avg60\":0.00,"
				     "\"avg300\":0.00,\"total\":33}}}"));
}

static void v2_swap_is_told_together_with_memory(void **state)
{
	cleanup_free char *text = NULL, *no_limit = NULL;

	(void)state;
	put("memory.stat", "anon 1\nfile 4096\n");
	put("memory.current", "5000\n");
	put("memory.max", "10000\n");
	put("memory.swap.current", "70\n");
	put("memory.swap.max", "900\n");
	text = stats_of(true, "");
	assert_non_null(strstr(text, "\"memory\":{\"cache\":4096,\"usage\":{\"limit\":10000,"
				     "\"usage\":5000,\"failcnt\":0},\"swap\":{\"limit\":10900,"
				     "\"usage\":5070,\"failcnt\":0}"));
	assert_non_null(strstr(text, "\"raw\":{\"anon\":1,\"file\":4096}"));
	put("memory.max", "max\n");
	no_limit = stats_of(true, "");
	assert_non_null(strstr(no_limit, "\"usage\":{\"limit\":18446744073709551615,"));
	assert_non_null(strstr(no_limit, "\"swap\":{\"limit\":18446744073709551615,"));
}

static void io_of_v2_is_sorted_into_the_lists_of_v1(void **state)
{
	struct stats_out o = {0};
	cleanup_free char *text = NULL;

	(void)state;
	stats_v2_io_text(&o, "8:16 rbytes=1 wbytes=2 rios=3 wios=4 dbytes=0 dios=0 cost=9\n");
	text = str_take(&o.s);
	assert_string_equal(text,
		"\"ioServiceBytesRecursive\":[{\"major\":8,\"minor\":16,\"op\":\"Read\","
		"\"value\":1},{\"major\":8,\"minor\":16,\"op\":\"Write\",\"value\":2},"
		"{\"major\":8,\"minor\":16,\"op\":\"Discard\",\"value\":0}],"
		"\"ioServicedRecursive\":[{\"major\":8,\"minor\":16,\"op\":\"Read\","
		"\"value\":3},{\"major\":8,\"minor\":16,\"op\":\"Write\",\"value\":4},"
		"{\"major\":8,\"minor\":16,\"op\":\"Discard\",\"value\":0}]");
}

static void lines_of_v1_io_may_lack_the_operation(void **state)
{
	struct stats_out o = {0};
	cleanup_free char *text = NULL;

	(void)state;
	stats_v1_blkio_text(&o, "a", "8:0 Read 100\n8:0 Total 100\nTotal 100\n");
	stats_v1_blkio_text(&o, "b", "253:1 12\n");
	stats_v1_blkio_text(&o, "c", "Total 0\n");
	text = str_take(&o.s);
	assert_string_equal(text, "\"a\":[{\"major\":8,\"minor\":0,\"op\":\"Read\",\"value\":100},"
				  "{\"major\":8,\"minor\":0,\"op\":\"Total\",\"value\":100}],"
				  "\"b\":[{\"major\":253,\"minor\":1,\"value\":12}]");
}

static void v1_tells_the_counters_that_it_has(void **state)
{
	cleanup_free char *text = NULL;

	(void)state;
	put("memory.stat", "cache 7\n");
	put("memory.limit_in_bytes", "300\n");
	put("memory.memsw.usage_in_bytes", "44\n");
	text = stats_of(false, "memory");
	assert_non_null(strstr(text, "\"memory\":{\"cache\":7,\"usage\":{\"limit\":300,"
				     "\"failcnt\":0},\"swap\":{\"limit\":0,\"usage\":44,"
				     "\"failcnt\":0}"));
	assert_non_null(strstr(text, "\"pids\":{},\"blkio\":{},\"hugetlb\":{}"));
}

static void each_huge_page_size_is_told_once(void **state)
{
	cleanup_free char *text = NULL;

	(void)state;
	put("hugetlb.2MB.current", "4\n");
	put("hugetlb.2MB.events", "max 6\n");
	text = stats_of(true, "");
	assert_non_null(strstr(text, "\"hugetlb\":{\"2MB\":{\"usage\":4,\"failcnt\":6}}"));
	/* Reserved pages count where the kernel knows them. */
	free(text);
	put("hugetlb.2MB.rsvd.current", "5\n");
	text = stats_of(true, "");
	assert_non_null(strstr(text, "\"hugetlb\":{\"2MB\":{\"usage\":5,\"failcnt\":6}}"));
}

static void a_kill_on_v2_is_told_once(void **state)
{
	cleanup_cgroup struct cgroup *cg = NULL;
	cleanup_oom struct cgroup_oom w = CGROUP_OOM_NONE;
	struct err e = {0};

	(void)state;
	put("memory.events", "oom 3\noom_kill 1\n");
	cg = group(true, "");
	assert_int_equal(cgroup_oom_watch(cg, &w, &e), 0);
	assert_true(w.fd >= 0);
	assert_false(cgroup_oom_take(&w));
	put("memory.events", "oom 4\noom_kill 2\n");
	assert_true(cgroup_oom_take(&w));
	assert_false(cgroup_oom_take(&w));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lists_of_cpus_are_written_out),
		cmocka_unit_test_setup_teardown(
			v2_counts_microseconds_and_runc_nanoseconds, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(
			v2_swap_is_told_together_with_memory, make_dir, remove_dir),
		cmocka_unit_test(io_of_v2_is_sorted_into_the_lists_of_v1),
		cmocka_unit_test(lines_of_v1_io_may_lack_the_operation),
		cmocka_unit_test_setup_teardown(
			v1_tells_the_counters_that_it_has, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(
			each_huge_page_size_is_told_once, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(a_kill_on_v2_is_told_once, make_dir, remove_dir),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
