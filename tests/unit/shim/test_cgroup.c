#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/fd.h"
#include "base/proc.h"
#include "base/ptr.h"
#include "base/str.h"
#include "shim/cgroup_impl.h"

static struct cgroup *layout(const char *mountinfo)
{
	struct cgroup *cg = cgroup_new(CGROUP_FS);
	struct err e = {0};

	assert_non_null(cg);
	assert_int_equal(cgroup_layout_parse(mountinfo, cg, &e), 0);
	return cg;
}

static const char hybrid[] =
	"25 20 0:22 / /sys/fs/cgroup ro - tmpfs tmpfs rw,mode=755\n"
	"26 25 0:23 / /sys/fs/cgroup/unified rw,nosuid - cgroup2 cgroup2 rw\n"
	"27 25 0:24 / /sys/fs/cgroup/cpu,cpuacct rw shared:1 - cgroup cgroup rw,cpu,cpuacct\n"
	"28 25 0:25 / /sys/fs/cgroup/systemd rw - cgroup cgroup rw,xattr,name=systemd\n"
	"29 25 0:24 / /mnt/again rw - cgroup cgroup rw,cpu,cpuacct\n"
	"30 25 0:26 /docker/x /sys/fs/cgroup/mem\\040ory rw - cgroup cgroup rw,memory\n";

static const char pure[] = "26 25 0:23 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw,nsdelegate\n";

static void each_hierarchy_is_found_once(void **state)
{
	cleanup_cgroup struct cgroup *cg = layout(hybrid);

	(void)state;
	assert_int_equal(cg->n, 4);
	assert_true(cg->h[0].v2);
	assert_string_equal(cg->h[1].names, "cpu,cpuacct");
	assert_string_equal(cg->h[2].names, "name=systemd");
	assert_string_equal(cg->h[3].mount, "/sys/fs/cgroup/mem ory");
	assert_ptr_equal(cgroup_find_v1(cg, "cpuacct"), &cg->h[1]);
	assert_null(cgroup_find_v1(cg, "cpua"));
	assert_false(cgroup_is_pure_v2(cg));
}

/* A container that can make groups chooses their names, and they stand in /proc/PID/cgroup. */
static void a_groups_name_is_no_line_of_its_own(void **state)
{
	cleanup_cgroup struct cgroup *cg = layout(hybrid);
	const char text[] = "12:cpu,cpuacct:/c/0::/elsewhere\n3:name=systemd:/c\n0::/c\n";
	cleanup_free char *v2 = cgroup_path_in(&cg->h[0], text);
	cleanup_free char *v1 = cgroup_path_in(&cg->h[1], text);

	(void)state;
	assert_string_equal(v2, "/c");
	assert_string_equal(v1, "/c/0::/elsewhere");
}

static void a_machine_without_cgroups_is_told(void **state)
{
	cleanup_cgroup struct cgroup *cg = cgroup_new(CGROUP_FS);
	struct err e = {0};

	(void)state;
	assert_int_equal(cgroup_layout_parse("25 20 0:22 / / ro - ext4 x rw\n", cg, &e), -ENOENT);
}

static void an_absent_path_is_the_id_at_the_root(void **state)
{
	cleanup_cgroup struct cgroup *cg = layout(hybrid);
	struct err e = {0};

	(void)state;
	assert_int_equal(cgroup_path_fill(cg, NULL, "box", NULL, &e), 0);
	assert_string_equal(cg->h[0].path, "/box");
	assert_string_equal(cg->h[3].path, "/box");
}

static void a_relative_path_is_below_the_own_group(void **state)
{
	cleanup_cgroup struct cgroup *cg = layout(hybrid);
	struct err e = {0};
	const char *own = "4:memory:/docker/x/me\n2:cpu,cpuacct:/c\n1:name=systemd:/s\n0::/u\n";

	(void)state;
	assert_int_equal(cgroup_path_fill(cg, "a/b", "box", own, &e), 0);
	assert_string_equal(cg->h[0].path, "/u/a/b");
	assert_string_equal(cg->h[1].path, "/c/a/b");
	assert_string_equal(cg->h[2].path, "/s/a/b");
	/* /docker/x is what is mounted there. */
	assert_string_equal(cg->h[3].path, "/me/a/b");
}

static void on_v2_a_relative_path_is_beside_the_own_group(void **state)
{
	cleanup_cgroup struct cgroup *cg = layout(pure);
	struct err e = {0};

	(void)state;
	assert_int_equal(cgroup_path_fill(cg, "a", "box", "0::/user.slice/shell\n", &e), 0);
	assert_string_equal(cg->h[0].path, "/user.slice/a");
}

static void no_path_leads_above_the_root(void **state)
{
	static const struct {
		const char *in, *out;
	} cases[] = {{"/../../x", "/x"}, {"a/../../../b", "/b"}, {"", "/"}, {"//a/./b//", "/a/b"}};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		cleanup_free char *p = cgroup_path_clean(cases[i].in);

		assert_string_equal(p, cases[i].out);
	}
}

static void a_slice_lies_below_the_slices_in_its_name(void **state)
{
	cleanup_free char *a = NULL, *b = NULL;
	struct err e = {0};

	(void)state;
	assert_int_equal(cgroup_path_of_slice("a-b-c.slice", &a, &e), 0);
	assert_string_equal(a, "/a.slice/a-b.slice/a-b-c.slice");
	assert_int_equal(cgroup_path_of_slice("-.slice", &b, &e), 0);
	assert_string_equal(b, "");
	assert_int_equal(cgroup_path_of_slice("a--b.slice", &b, &e), -EINVAL);
	assert_int_equal(cgroup_path_of_slice("../x.slice", &b, &e), -EINVAL);
	assert_int_equal(cgroup_path_of_slice("x", &b, &e), -EINVAL);
}

static void systemd_paths_name_slice_and_scope(void **state)
{
	static const struct {
		const char *path, *slice, *unit;
	} cases[] = {
		{"system.slice:docker:abc", "system.slice", "docker-abc.scope"},
		{"::abc", "system.slice", "abc.scope"},
		{"m.slice:x:y.slice", "m.slice", "y.slice"},
		{NULL, "system.slice", "bottle-box.scope"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		cleanup_free char *slice = NULL, *unit = NULL;
		struct err e = {0};

		assert_int_equal(
			cgroup_path_systemd(cases[i].path, "box", false, &slice, &unit, &e), 0);
		assert_string_equal(slice, cases[i].slice);
		assert_string_equal(unit, cases[i].unit);
	}
}

static void a_file_system_path_is_refused_for_systemd(void **state)
{
	cleanup_free char *slice = NULL, *unit = NULL;
	struct err e = {0};

	(void)state;
	assert_int_equal(
		cgroup_path_systemd("/docker/abc", "box", false, &slice, &unit, &e), -EINVAL);
	assert_non_null(strstr(e.msg, "slice:prefix:name"));
}

static void weights_cover_the_whole_range(void **state)
{
	(void)state;
	assert_int_equal(cgroup_v2_cpu_weight(0), 1);
	assert_int_equal(cgroup_v2_cpu_weight(2), 1);
	assert_int_equal(cgroup_v2_cpu_weight(3), 2);
	assert_int_equal(cgroup_v2_cpu_weight(1024), 100);
	assert_int_equal(cgroup_v2_cpu_weight(260000), 9929);
	assert_int_equal(cgroup_v2_cpu_weight(262144), 10000);
	assert_int_equal(cgroup_v2_io_weight(10), 1);
	assert_int_equal(cgroup_v2_io_weight(1000), 10000);
}

static void what_is_written_to_json_comes_back(void **state)
{
	cleanup_cgroup struct cgroup *cg = layout(hybrid), *back = NULL;
	cleanup_json json_t *j = NULL, *again = NULL;
	struct err e = {0};
	struct json_at at;

	(void)state;
	assert_int_equal(cgroup_path_fill(cg, "/a/b", "box", NULL, &e), 0);
	cg->h[1].made = 2;
	j = cgroup_to_json(cg);
	assert_non_null(j);
	at = json_root(j, "state.json");
	assert_int_equal(cgroup_from_json(&at, &back, &e), 0);
	again = cgroup_to_json(back);
	assert_true(json_equal(j, again));
}

/* ---- on this machine's own hierarchies */

static int create(const char *path, const char *id, const struct oci_resources *res,
	struct cgroup **ret, struct err *e)
{
	const struct cgroup_spec spec = {CGROUP_FS, path, id, res, NULL};

	return cgroup_create(&spec, ret, e);
}

static struct cgroup *make(const char *id, const struct oci_resources *res)
{
	struct cgroup *cg = NULL;
	struct err e = {0};
	int r;

	if (geteuid() != 0)
		skip();
	r = create(NULL, id, res, &cg, &e);
	if (r < 0)
		fail_msg("%s", e.msg);
	return cg;
}

static void own_id(char id[64])
{
	static int n;

	snprintf(id, 64, "bottle-test-%d-%d", (int)getpid(), n++);
}

/* A process in the group that waits for a signal. */
static pid_t sleeper(struct cgroup *cg)
{
	int ready[2];
	struct err e = {0};
	char byte;
	pid_t pid;

	assert_int_equal(pipe2(ready, O_CLOEXEC), 0);
	pid = proc_fork(0, cgroup_clone_fd(cg), NULL);
	if (pid == 0) {
		/* Not outliving a test that fails, nor holding its output open. */
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (cgroup_join_self(cg, &e) < 0 || write(ready[1], "x", 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	assert_true(pid > 0);
	close(ready[1]);
	assert_int_equal(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	return pid;
}

static bool anything_left(const struct cgroup *cg)
{
	for (size_t i = 0; i < cg->n; i++) {
		cleanup_free char *dir = cgroup_hier_dir(&cg->h[i]);

		if (access(dir, F_OK) == 0)
			return true;
	}
	return false;
}

static void a_group_is_made_joined_and_removed_with_what_runs_in_it(void **state)
{
	char id[64];
	struct err e = {0};
	cleanup_cgroup struct cgroup *cg = NULL;
	cleanup_free pid_t *pids = NULL;
	size_t n;
	pid_t pid;
	int status;

	(void)state;
	own_id(id);
	cg = make(id, &cgroup_no_limits);
	pid = sleeper(cg);
	assert_int_equal(cgroup_pids(cg, &pids, &n, &e), 0);
	assert_int_equal(n, 1);
	assert_int_equal(pids[0], pid);
	for (size_t i = 0; i < cg->n; i++) {
		cleanup_free pid_t *one = NULL;
		size_t count = 0;

		assert_int_equal(cgroup_tree_pids(&cg->h[i], &one, &count, &e), 0);
		assert_int_equal(count, 1);
	}
	/* With a group below, as a container of containers makes them. */
	assert_int_equal(cgroup_tree_open(&cg->h[0], &e), 0);
	assert_int_equal(mkdirat(cg->h[0].dirfd, "below", 0755), 0);
	assert_int_equal(cgroup_destroy(cg, &e), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	assert_false(anything_left(cg));
	assert_int_equal(cgroup_destroy(cg, &e), 0);
}

static void limits_are_what_the_kernel_reads_back(void **state)
{
	struct oci_resources res = cgroup_no_limits;
	char id[64];
	struct err e = {0};
	cleanup_cgroup struct cgroup *cg = NULL;
	cleanup_free char *pids = NULL, *memory = NULL;
	struct cgroup_hier *h;

	(void)state;
	own_id(id);
	res.pids_limit = 33;
	res.memory_limit = 64 << 20;
	cg = make(id, &res);
	h = cgroup_find_v1(cg, "pids");
	assert_int_equal(cgroup_read(h ? h : cgroup_find_v2(cg), "pids.max", &pids, &e), 0);
	assert_string_equal(pids, "33\n");
	h = cgroup_find_v1(cg, "memory");
	assert_int_equal(cgroup_read(h ? h : cgroup_find_v2(cg),
				 h ? "memory.limit_in_bytes" : "memory.max", &memory, &e),
		0);
	assert_string_equal(memory, "67108864\n");
	assert_int_equal(cgroup_destroy(cg, &e), 0);
}

static void memory_and_swap_grow_and_shrink_in_either_order(void **state)
{
	static const int64_t steps[][2] = {
		{64, 128}, {256, 512}, {32, 64}, {128, -1}, {16, 16}, {-1, -1}, {64, 64}};
	char id[64];
	struct err e = {0};
	cleanup_cgroup struct cgroup *cg = NULL;
	int failed = 0;

	(void)state;
	own_id(id);
	cg = make(id, &cgroup_no_limits);
	for (size_t i = 0; !failed && i < ARRAY_LEN(steps); i++) {
		struct oci_resources res = cgroup_no_limits;

		res.memory_limit = steps[i][0] < 0 ? -1 : steps[i][0] << 20;
		res.memory_swap = steps[i][1] < 0 ? -1 : steps[i][1] << 20;
		failed = cgroup_apply(cg, &res, &e);
	}
	cgroup_destroy(cg, &(struct err){0});
	if (failed)
		fail_msg("%s", e.msg);
}

static void a_limit_that_cannot_be_set_names_file_and_value(void **state)
{
	struct oci_resources res = cgroup_no_limits;
	char id[64];
	struct err e = {0};
	struct cgroup *cg = NULL;

	(void)state;
	if (geteuid() != 0)
		skip();
	own_id(id);
	res.cpus = (char *)"4090";
	assert_true(create(NULL, id, &res, &cg, &e) < 0);
	assert_non_null(strstr(e.msg, "4090"));
	assert_non_null(strstr(e.msg, "cpuset.cpus"));
	assert_null(cg);
}

static void a_group_with_processes_of_others_is_refused(void **state)
{
	char id[64];
	struct err e = {0}, e2 = {0};
	cleanup_cgroup struct cgroup *cg = NULL;
	struct cgroup *second = NULL;
	pid_t pid;
	int r;

	(void)state;
	own_id(id);
	cg = make(id, &cgroup_no_limits);
	pid = sleeper(cg);
	r = create(NULL, id, &cgroup_no_limits, &second, &e);
	/* And it is still there. */
	assert_int_equal(kill(pid, 0), 0);
	assert_true(anything_left(cg));
	assert_int_equal(cgroup_destroy(cg, &e2), 0);
	waitpid(pid, NULL, 0);
	assert_int_equal(r, -EBUSY);
	assert_non_null(strstr(e.msg, "not empty"));
}

static void an_empty_group_that_was_left_is_used_and_removed(void **state)
{
	char id[64];
	struct err e = {0};
	cleanup_cgroup struct cgroup *left = NULL, *cg = NULL;

	(void)state;
	own_id(id);
	left = make(id, &cgroup_no_limits);
	cg = make(id, &cgroup_no_limits);
	assert_int_equal(cgroup_destroy(cg, &e), 0);
	assert_false(anything_left(cg));
}

static void a_frozen_group_does_not_run_and_can_be_destroyed(void **state)
{
	char id[64];
	struct err e = {0};
	cleanup_cgroup struct cgroup *cg = NULL;
	pid_t pid;
	int frozen, thawed, again;

	(void)state;
	own_id(id);
	cg = make(id, &cgroup_no_limits);
	pid = sleeper(cg);
	assert_int_equal(cgroup_freeze(cg, true, &e), 0);
	frozen = cgroup_frozen(cg, &e);
	assert_int_equal(cgroup_freeze(cg, false, &e), 0);
	thawed = cgroup_frozen(cg, &e);
	assert_int_equal(cgroup_freeze(cg, true, &e), 0);
	again = cgroup_destroy(cg, &e);
	waitpid(pid, NULL, 0);
	assert_int_equal(frozen, 1);
	assert_int_equal(thawed, 0);
	assert_int_equal(again, 0);
	assert_int_equal(cgroup_frozen(cg, &e), 0);
}

static void parents_that_were_made_go_with_the_group(void **state)
{
	char id[64], path[160], parent[80];
	struct err e = {0};
	struct cgroup *cg = NULL;
	int r;

	(void)state;
	if (geteuid() != 0)
		skip();
	own_id(id);
	snprintf(path, sizeof(path), "/%s/a/b", id);
	r = create(path, "x", &cgroup_no_limits, &cg, &e);
	if (r < 0)
		fail_msg("%s", e.msg);
	assert_int_equal(cgroup_destroy(cg, &e), 0);
	snprintf(parent, sizeof(parent), "/%s", id);
	free(cg->h[0].path);
	cg->h[0].path = strdup(parent);
	assert_false(anything_left(cg));
	cgroup_free(cg);
}

static void a_group_beside_has_its_own_limits(void **state)
{
	char id[64];
	struct err e = {0};
	cleanup_cgroup struct cgroup *cg = NULL, *beside = NULL;
	struct cgroup_hier *h;
	cleanup_free char *max = NULL;

	(void)state;
	own_id(id);
	cg = make(id, &cgroup_no_limits);
	if (cgroup_create_beside(cg, "-monitor", 32 << 20, 17, &beside, &e) < 0)
		fail_msg("%s", e.msg);
	h = cgroup_find_v1(beside, "pids");
	assert_int_equal(cgroup_read(h ? h : cgroup_find_v2(beside), "pids.max", &max, &e), 0);
	assert_string_equal(max, "17\n");
	assert_int_equal(cgroup_destroy(cg, &e), 0);
	assert_true(anything_left(beside));
	assert_int_equal(cgroup_destroy(beside, &e), 0);
	assert_false(anything_left(beside));
}

static void a_unified_entry_is_a_file_name_and_nothing_else(void **state)
{
	char *unified[] = {(char *)"x.y/../cgroup.kill=1", NULL};
	struct oci_resources res = cgroup_no_limits;
	char id[64];
	struct err e = {0};
	struct cgroup *cg = NULL;

	(void)state;
	if (geteuid() != 0)
		skip();
	own_id(id);
	res.unified = unified;
	assert_true(create(NULL, id, &res, &cg, &e) < 0);
	assert_non_null(strstr(e.msg, "unified"));
}

static void only_a_group_below_can_be_selected(void **state)
{
	char id[64];
	struct err e = {0};
	cleanup_cgroup struct cgroup *cg = NULL;
	int inside, outside, missing;

	(void)state;
	own_id(id);
	cg = make(id, &cgroup_no_limits);
	for (size_t i = 0; i < cg->n; i++) {
		assert_int_equal(cgroup_tree_open(&cg->h[i], &e), 0);
		assert_int_equal(mkdirat(cg->h[i].dirfd, "below", 0755), 0);
	}
	outside = cgroup_select(cg, "../", &e);
	missing = cgroup_select(cg, "/no-such-group", &e);
	inside = cgroup_select(cg, "/below", &e);
	assert_int_equal(faccessat(cg->h[0].dirfd, "below", F_OK, 0), -1);
	assert_int_equal(cgroup_destroy(cg, &e), 0);
	assert_int_equal(inside, 0);
	assert_int_equal(outside, -EINVAL);
	assert_int_equal(missing, -ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_hierarchy_is_found_once),
		cmocka_unit_test(a_groups_name_is_no_line_of_its_own),
		cmocka_unit_test(a_machine_without_cgroups_is_told),
		cmocka_unit_test(an_absent_path_is_the_id_at_the_root),
		cmocka_unit_test(a_relative_path_is_below_the_own_group),
		cmocka_unit_test(on_v2_a_relative_path_is_beside_the_own_group),
		cmocka_unit_test(no_path_leads_above_the_root),
		cmocka_unit_test(a_slice_lies_below_the_slices_in_its_name),
		cmocka_unit_test(systemd_paths_name_slice_and_scope),
		cmocka_unit_test(a_file_system_path_is_refused_for_systemd),
		cmocka_unit_test(weights_cover_the_whole_range),
		cmocka_unit_test(what_is_written_to_json_comes_back),
		cmocka_unit_test(a_group_is_made_joined_and_removed_with_what_runs_in_it),
		cmocka_unit_test(limits_are_what_the_kernel_reads_back),
		cmocka_unit_test(memory_and_swap_grow_and_shrink_in_either_order),
		cmocka_unit_test(a_limit_that_cannot_be_set_names_file_and_value),
		cmocka_unit_test(a_group_with_processes_of_others_is_refused),
		cmocka_unit_test(an_empty_group_that_was_left_is_used_and_removed),
		cmocka_unit_test(a_frozen_group_does_not_run_and_can_be_destroyed),
		cmocka_unit_test(parents_that_were_made_go_with_the_group),
		cmocka_unit_test(a_group_beside_has_its_own_limits),
		cmocka_unit_test(only_a_group_below_can_be_selected),
		cmocka_unit_test(a_unified_entry_is_a_file_name_and_nothing_else),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
