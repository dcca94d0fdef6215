#include "shim/cgroup_impl.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/proc.h"
#include "base/ptr.h"
#include "base/str.h"

/* How long tasks may take to reach a point where they can be frozen. */
#define FREEZE_MS 10000

/* Neither absent nor 0, which engines send for "not set". */
static bool is_set(int64_t v)
{
	return v != OCI_UNSET && v != 0;
}

static int write_i64(struct cgroup_hier *h, const char *file, int64_t v, struct err *e)
{
	return is_set(v) ? cgroup_writef(h, file, e, "%" PRId64, v) : 0;
}

static int read_u64(struct cgroup_hier *h, const char *file, uint64_t *ret, struct err *e)
{
	cleanup_free char *text = NULL;
	int r = cgroup_read(h, file, &text, e);

	if (r == 0)
		*ret = strtoull(text, NULL, 10);
	return r;
}

static int set_memory_limit(struct cgroup_hier *h, int64_t limit, struct err *e)
{
	uint64_t usage = 0, peak = 0;
	struct err ignored;
	int r = write_i64(h, "memory.limit_in_bytes", limit, e);

	if (r != -EBUSY)
		return r;
	/* The kernel could not push what is in use below the limit. */
	read_u64(h, "memory.usage_in_bytes", &usage, &ignored);
	read_u64(h, "memory.max_usage_in_bytes", &peak, &ignored);
	return err_say(e, EBUSY,
		"unable to set memory limit to %" PRId64 " (current usage: %" PRIu64
		", peak usage: %" PRIu64 ")",
		limit, usage, peak);
}

/*
 * memsw may never be below the limit of memory alone: what grows is set first from above, what
 * shrinks from below, else the kernel says EINVAL or EBUSY.
 */
static int memory_and_swap(struct cgroup_hier *h, int64_t limit, int64_t swap, struct err *e)
{
	uint64_t current = 0;
	bool swap_first;
	int r;

	if (limit == -1 && !is_set(swap) && cgroup_has_file(h, "memory.memsw.limit_in_bytes"))
		swap = -1;
	if (!is_set(limit) || !is_set(swap)) {
		r = set_memory_limit(h, limit, e);
		return r < 0 ? r : write_i64(h, "memory.memsw.limit_in_bytes", swap, e);
	}
	r = read_u64(h, "memory.limit_in_bytes", &current, e);
	if (r < 0)
		return r;
	swap_first = swap == -1 || (uint64_t)swap > current;
	if (swap_first)
		r = write_i64(h, "memory.memsw.limit_in_bytes", swap, e);
	if (r == 0)
		r = set_memory_limit(h, limit, e);
	if (r == 0 && !swap_first)
		r = write_i64(h, "memory.memsw.limit_in_bytes", swap, e);
	return r;
}

static int kernel_memory(struct cgroup_hier *h, const struct oci_resources *res, struct err *e)
{
	struct err gone;

	if (is_set(res->memory_kernel))
		log_warning("the kernel memory limit is ignored: Linux has it no more");
	if (!is_set(res->memory_kernel_tcp))
		return 0;
	if (write_i64(h, "memory.kmem.tcp.limit_in_bytes", res->memory_kernel_tcp, &gone) == 0)
		return 0;
	if (gone.code != ENOENT && gone.code != EOPNOTSUPP) {
		*e = gone;
		return -gone.code;
	}
	log_warning("the kernel memory limit for TCP is ignored: this kernel has it no more");
	return 0;
}

int cgroup_v1_memory(struct cgroup_hier *h, const struct oci_resources *res, struct err *e)
{
	int r = memory_and_swap(h, res->memory_limit, res->memory_swap, e);
	if (r == 0)
		r = kernel_memory(h, res, e);
	if (r == 0)
		r = write_i64(h, "memory.soft_limit_in_bytes", res->memory_reservation, e);
	if (r == 0 && res->has_disable_oom_killer)
		r = cgroup_write(h, "memory.oom_control", res->disable_oom_killer ? "1" : "0", e);
	if (r < 0 || res->memory_swappiness == OCI_UNSET || res->memory_swappiness == -1)
		return r;
	if (res->memory_swappiness < 0 || res->memory_swappiness > 100)
		return err_say(e, EINVAL,
			"invalid memory swappiness value: %" PRId64 " (valid range is 0-100)",
			res->memory_swappiness);
	return cgroup_writef(h, "memory.swappiness", e, "%" PRId64, res->memory_swappiness);
}

/* A shorter period can only be set after a smaller quota, a longer one before a larger. */
static int quota_and_period(struct cgroup_hier *h, const struct oci_resources *res, struct err *e)
{
	struct err first;
	bool again = false;
	int r = write_i64(h, "cpu.cfs_period_us", res->cpu_period, &first);

	if (r < 0) {
		*e = first;
		if (r != -EINVAL || !is_set(res->cpu_quota))
			return r;
		again = true;
	}
	r = write_i64(h, "cpu.cfs_quota_us", res->cpu_quota, e);
	if (r == 0 && again)
		r = write_i64(h, "cpu.cfs_period_us", res->cpu_period, e);
	return r;
}

/* The kernel takes any number and keeps the nearest that it can. */
static int check_shares(struct cgroup_hier *h, int64_t wanted, struct err *e)
{
	uint64_t kept = 0;
	int r = read_u64(h, "cpu.shares", &kept, e);

	if (r < 0 || kept == (uint64_t)wanted)
		return r;
	return err_say(e, EINVAL, "the %s allowed cpu-shares is %" PRIu64 ", not %" PRId64,
		(uint64_t)wanted > kept ? "maximum" : "minimum", kept, wanted);
}

/* An idle group has no weight of its own, and cannot be given one. */
static int weight(struct cgroup_hier *h, const struct oci_resources *res, struct err *e)
{
	int r = 0;

	if (res->cpu_idle != OCI_UNSET)
		r = cgroup_writef(h, "cpu.idle", e, "%" PRId64, res->cpu_idle);
	if (r < 0 || !is_set(res->cpu_shares) || res->cpu_idle == 1)
		return r;
	r = write_i64(h, "cpu.shares", res->cpu_shares, e);
	return r < 0 ? r : check_shares(h, res->cpu_shares, e);
}

/* The burst may never be above the quota: what grows is set last, what shrinks first. */
static int quota_and_burst(struct cgroup_hier *h, const struct oci_resources *res, struct err *e)
{
	bool asked = res->cpu_burst != OCI_UNSET, done = false;
	struct err early;
	int r;

	if (asked)
		done = cgroup_writef(h, "cpu.cfs_burst_us", &early, "%" PRId64, res->cpu_burst) ==
		       0;
	r = quota_and_period(h, res, e);
	if (r == 0 && asked && !done)
		r = cgroup_writef(h, "cpu.cfs_burst_us", e, "%" PRId64, res->cpu_burst);
	return r;
}

int cgroup_v1_cpu(struct cgroup_hier *h, const struct oci_resources *res, struct err *e)
{
	struct err first;
	int r = write_i64(h, "cpu.rt_period_us", res->cpu_rt_period, &first), late;

	/* As with the quota: which of the two may be set first depends on the old values. */
	if (r < 0 && (r != -EINVAL || !is_set(res->cpu_rt_runtime))) {
		*e = first;
		return r;
	}
	late = r;
	r = write_i64(h, "cpu.rt_runtime_us", res->cpu_rt_runtime, e);
	if (r == 0 && late < 0)
		r = write_i64(h, "cpu.rt_period_us", res->cpu_rt_period, e);
	if (r == 0)
		r = weight(h, res, e);
	return r < 0 ? r : quota_and_burst(h, res, e);
}

int cgroup_v1_cpuset(struct cgroup_hier *h, const struct oci_resources *res, struct err *e)
{
	int r = res->cpus && *res->cpus ? cgroup_write(h, "cpuset.cpus", res->cpus, e) : 0;

	if (r == 0 && res->mems && *res->mems)
		r = cgroup_write(h, "cpuset.mems", res->mems, e);
	return r;
}

/* One of two names: the scheduler bfq has files of its own. */
static const char *weight_file(struct cgroup_hier *h, const char *plain, const char *bfq)
{
	return cgroup_has_file(h, plain) ? plain : bfq;
}

static int rates(struct cgroup_hier *h, const char *file, const struct oci_named_rate *list,
	size_t n, struct err *e)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < n; i++)
		r = cgroup_writef(h, file, e, "%" PRId64 ":%" PRId64 " %" PRIu64, list[i].major,
			list[i].minor, list[i].rate);
	return r;
}

int cgroup_v1_blkio(struct cgroup_hier *h, const struct oci_resources *res, struct err *e)
{
	const struct {
		const char *file;
		const struct oci_named_rate *list;
		size_t n;
	} throttle[] = {
		{"blkio.throttle.read_bps_device", res->blkio_read_bps, res->n_blkio_read_bps},
		{"blkio.throttle.write_bps_device", res->blkio_write_bps, res->n_blkio_write_bps},
		{"blkio.throttle.read_iops_device", res->blkio_read_iops, res->n_blkio_read_iops},
		{"blkio.throttle.write_iops_device", res->blkio_write_iops,
			res->n_blkio_write_iops},
	};
	int r = 0;

	if (is_set(res->blkio_weight))
		r = write_i64(h, weight_file(h, "blkio.weight", "blkio.bfq.weight"),
			res->blkio_weight, e);
	if (r == 0)
		r = write_i64(h, "blkio.leaf_weight", res->blkio_leaf_weight, e);
	if (r == 0 && res->n_blkio_weight_device)
		r = rates(h, weight_file(h, "blkio.weight_device", "blkio.bfq.weight_device"),
			res->blkio_weight_device, res->n_blkio_weight_device, e);
	for (size_t i = 0; r == 0 && i < ARRAY_LEN(throttle); i++)
		r = rates(h, throttle[i].file, throttle[i].list, throttle[i].n, e);
	return r;
}

int cgroup_v1_hugetlb(struct cgroup_hier *h, const struct oci_resources *res, struct err *e)
{
	for (size_t i = 0; i < res->n_hugepages; i++) {
		const struct oci_hugepage_limit *l = &res->hugepages[i];
		cleanup_free char *file = str_format("hugetlb.%s.limit_in_bytes", l->page_size);
		cleanup_free char *rsvd =
			str_format("hugetlb.%s.rsvd.limit_in_bytes", l->page_size);
		int r;

		if (!file || !rsvd || strchr(l->page_size, '/'))
			return err_set(e, EINVAL, "huge page size '%s'", l->page_size);
		r = cgroup_writef(h, file, e, "%" PRIu64, l->limit);
		if (r == 0 && cgroup_has_file(h, rsvd))
			r = cgroup_writef(h, rsvd, e, "%" PRIu64, l->limit);
		if (r < 0)
			return r;
	}
	return 0;
}

int cgroup_v1_net_cls(struct cgroup_hier *h, const struct oci_resources *res, struct err *e)
{
	return write_i64(h, "net_cls.classid", res->net_class_id, e);
}

int cgroup_v1_net_prio(struct cgroup_hier *h, const struct oci_resources *res, struct err *e)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < res->n_net_prio; i++)
		r = cgroup_writef(h, "net_prio.ifpriomap", e, "%s %u", res->net_prio[i].name,
			res->net_prio[i].priority);
	return r;
}

int cgroup_v1_frozen(struct cgroup_hier *h, struct err *e)
{
	cleanup_free char *state = NULL;
	int r = cgroup_read(h, "freezer.state", &state, e);

	return r < 0 ? r : str_starts(state, "FROZEN");
}

/*
 * The v1 freezer tells nobody when it is done. A task that forks while it is being frozen can keep
 * the state at FREEZING, and only writing it again catches the child.
 */
int cgroup_v1_freeze(struct cgroup_hier *h, bool on, struct err *e)
{
	const char *want = on ? "FROZEN" : "THAWED";
	int64_t deadline = proc_now_ms() + FREEZE_MS;
	struct timespec pause = {.tv_nsec = 200000};
	struct err ignored;
	int r;

	for (;;) {
		cleanup_free char *state = NULL;

		r = cgroup_write(h, "freezer.state", want, e);
		if (r == 0)
			r = cgroup_read(h, "freezer.state", &state, e);
		if (r < 0 || str_starts(state, want))
			return r;
		if (proc_now_ms() > deadline)
			break;
		nanosleep(&pause, NULL);
		if (pause.tv_nsec < 10000000)
			pause.tv_nsec *= 2;
	}
	if (on)
		cgroup_write(h, "freezer.state", "THAWED", &ignored);
	return err_say(e, EBUSY, "unable to freeze '%s%s' within %d s", h->mount, h->path,
		FREEZE_MS / 1000);
}
