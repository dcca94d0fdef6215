#include "tests/fuzz/fuzz.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/json.h"
#include "base/log.h"
#include "base/path.h"
#include "base/ptr.h"
#include "bundle/plan.h"
#include "shim/annotations.h"
#include "shim/caps.h"
#include "shim/cgroup_devices.h"
#include "shim/cgroup_impl.h"
#include "shim/mount_options.h"
#include "shim/seccomp.h"
#include "shim/sysctl.h"
#include "tests/fuzz/json_mutator.h"
#include "tests/fuzz/models.h"

const char fuzz_model[] = MODEL_CONFIG;

/*
 * config.json, beyond the parser: all that `create` works out of it before anything is made, and
 * what would be written into a cgroup, whose files are ordinary ones here. Needs no privilege.
 */

static char scratch[64];
static int group = -1; /* directory of the cgroup's files */

static void make_file(int dir, const char *name, const char *text)
{
	cleanup_fd int fd = openat(dir, name, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	if (fd < 0 || fd_write_all(fd, text, strlen(text)) < 0)
		abort();
}

static void remove_scratch(void)
{
	struct err ignored;

	path_remove_tree(AT_FDCWD, scratch, &ignored);
}

static void set_up(void)
{
	static const char *const files[] = {"blkio.weight", "blkio.weight_device",
		"blkio.leaf_weight", "blkio.throttle.read_bps_device",
		"blkio.throttle.write_bps_device", "blkio.throttle.read_iops_device",
		"blkio.throttle.write_iops_device", "cpu.cfs_burst_us", "cpu.cfs_period_us",
		"cpu.cfs_quota_us", "cpu.idle", "cpu.max", "cpu.max.burst", "cpu.rt_period_us",
		"cpu.rt_runtime_us", "cpu.shares", "cpu.weight", "cpuset.cpus", "cpuset.mems",
		"devices.allow", "devices.deny", "hugetlb.2MB.max", "hugetlb.2MB.rsvd.max",
		"hugetlb.2MB.limit_in_bytes", "io.bfq.weight", "io.max", "io.weight", "memory.high",
		"memory.current", "memory.limit_in_bytes", "memory.low", "memory.max",
		"memory.memsw.limit_in_bytes", "memory.oom_control", "memory.soft_limit_in_bytes",
		"memory.swap.max", "memory.swappiness", "memory.usage_in_bytes", "net_cls.classid",
		"net_prio.ifpriomap", "pids.max", "rdma.max"};
	int dir;

	umask(077);
	snprintf(scratch, sizeof(scratch), "/tmp/fuzz-config.XXXXXX");
	if (!mkdtemp(scratch) || (dir = open(scratch, O_PATH | O_DIRECTORY | O_CLOEXEC)) < 0)
		abort();
	atexit(remove_scratch);
	log_setup(-1, LOG_TEXT, LOG_ERROR);
	if (mkdirat(dir, "group", 0700) < 0 || mkdirat(dir, "bottles", 0700) < 0)
		abort();
	make_file(dir, "bottles/b.md", "---\nenv: {A: b}\n---\n");
	group = openat(dir, "group", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	for (size_t i = 0; i < ARRAY_LEN(files); i++)
		make_file(group, files[i], "0\n");
	close(dir);
}

/* The plan, or NULL; in the bottle or without one. */
static struct plan *plan(const char *text, size_t size, bool in_bottle)
{
	const struct plan_choice choice = {
		.home = scratch, .default_bottle = in_bottle ? "b" : NULL, .root = "/run/x"};
	struct plan *p = NULL;
	struct oci *oci = NULL;
	struct err e;
	json_t *j;

	if (oci_parse(text, size, "/bundle", &oci, &e) < 0)
		return NULL;
	if (plan_build(oci, &choice, "id", &p, &e) < 0)
		return NULL;
	j = plan_to_json(p);
	json_decref(j);
	return p;
}

static void mounts(const struct oci *oci)
{
	unsigned long flags;
	struct err e;

	for (size_t i = 0; i < oci->n_mounts; i++) {
		struct mount_options o = {0};

		mount_options_parse(oci->mounts[i].options, &o, &e);
		mount_options_done(&o);
	}
	mount_propagation(oci->rootfs_propagation, &flags, &e);
}

static void devices(const struct oci *oci)
{
	struct device_rules rules = {0};
	struct bpf_insn *program = NULL;
	struct err e;

	if (device_rules_make(oci->resources, &rules, &e) == 0) {
		device_rules_allow(&rules, 'c', 1, 3, "rw");
		device_program_make(&rules, &program, &e);
	}
	free(program);
	device_rules_done(&rules);
}

static void limits(const struct oci_resources *r)
{
	static int (*const set[])(struct cgroup_hier * h, const struct oci_resources *r,
		struct err *e) = {cgroup_v1_memory, cgroup_v1_cpu, cgroup_v1_cpuset,
		cgroup_v1_blkio, cgroup_v1_hugetlb, cgroup_v1_net_cls, cgroup_v1_net_prio,
		cgroup_v1_devices, cgroup_v2_memory, cgroup_v2_cpu, cgroup_v2_cpuset, cgroup_v2_io,
		cgroup_v2_hugetlb, cgroup_v2_unified, cgroup_pids_max, cgroup_rdma};
	struct err e;

	for (size_t i = 0; i < ARRAY_LEN(set); i++) {
		struct cgroup_hier h = {.v2 = i >= 8,
			.names = (char *)"cpu,memory",
			.mount = scratch,
			.root = (char *)"/",
			.path = (char *)"/group",
			.dirfd = group,
			.join_fd = -1};

		set[i](&h, r, &e);
	}
}

static void places(const struct oci *oci)
{
	static const char mounted[] =
		"30 1 0:1 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n"
		"31 1 0:2 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n";
	struct cgroup *cg = cgroup_new(CGROUP_FS);
	char *slice = NULL, *unit = NULL, *of_slice = NULL;
	struct err e;

	if (cgroup_layout_parse(mounted, cg, &e) == 0)
		cgroup_path_fill(cg, oci->cgroups_path, "id", "5:memory:/x\n0::/y\n", &e);
	cgroup_free(cg);
	if (cgroup_path_systemd(oci->cgroups_path, "id", false, &slice, &unit, &e) == 0)
		cgroup_path_of_slice(slice, &of_slice, &e);
	free(slice);
	free(unit);
	free(of_slice);
}

static void all(const struct plan *p)
{
	const struct oci *oci = p->oci;
	struct seccomp_program filter = {0};
	struct caps caps;
	struct err e;

	annotations_check(p, &e);
	sysctl_check(oci, &e);
	if (oci->process)
		caps_resolve(oci->process, &caps, &e);
	if (seccomp_compile(oci->seccomp, NULL, &filter, &e) == 0)
		seccomp_program_done(&filter);
	mounts(oci);
	devices(oci);
	limits(oci->resources);
	places(oci);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct plan *p;

	if (group < 0)
		set_up();
	p = plan((const char *)data, size, false);
	if (!p)
		return 0;
	all(p);
	plan_free(p);
	plan_free(plan((const char *)data, size, true));
	return 0;
}
