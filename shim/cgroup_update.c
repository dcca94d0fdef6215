#include <stddef.h>

#include "base/ptr.h"
#include "shim/cgroup_impl.h"

static bool is_set(int64_t v)
{
	return v != OCI_UNSET && v != 0;
}

/*
 * Values that are written together, or converted one by the other (v2 swap is memory+swap less
 * memory; a quota counts in periods): where one of a pair changes, the other is as it was.
 */
static void complete(struct oci_resources *now, const struct oci_resources *merged)
{
	if (is_set(now->memory_limit) || is_set(now->memory_swap)) {
		now->memory_limit = merged->memory_limit;
		now->memory_swap = merged->memory_swap;
	}
	if (is_set(now->cpu_quota) || is_set(now->cpu_period)) {
		now->cpu_quota = merged->cpu_quota;
		now->cpu_period = merged->cpu_period;
	}
}

int cgroup_update(struct cgroup *cg, const struct oci_resources *wanted,
	const struct oci_resources *merged, struct err *e)
{
	struct oci_resources now = *wanted;

	complete(&now, merged);
	return cgroup_apply(cg, &now, e);
}

/* What a new group has, where config.json did not say. */
static const struct {
	size_t offset;
	int64_t value;
} fresh[] = {
	{offsetof(struct oci_resources, memory_limit), -1},
	{offsetof(struct oci_resources, memory_swap), -1},
	{offsetof(struct oci_resources, cpu_shares), 1024},
	{offsetof(struct oci_resources, cpu_quota), -1},
	{offsetof(struct oci_resources, cpu_period), 100000},
	{offsetof(struct oci_resources, cpu_burst), 0},
	{offsetof(struct oci_resources, cpu_idle), 0},
	{offsetof(struct oci_resources, pids_limit), -1},
	{offsetof(struct oci_resources, blkio_weight), 100},
	/* These have no value that stands for "never set"; they go back where there was one. */
	{offsetof(struct oci_resources, memory_reservation), OCI_UNSET},
	{offsetof(struct oci_resources, memory_swappiness), OCI_UNSET},
	{offsetof(struct oci_resources, cpu_rt_runtime), OCI_UNSET},
	{offsetof(struct oci_resources, cpu_rt_period), OCI_UNSET},
	{offsetof(struct oci_resources, net_class_id), OCI_UNSET},
};

static int64_t *number_at(const struct oci_resources *r, size_t offset)
{
	return (int64_t *)((char *)r + offset);
}

int cgroup_revert(struct cgroup *cg, const struct oci_resources *wanted,
	const struct oci_resources *before, struct err *e)
{
	struct oci_resources back = cgroup_no_limits;

	for (size_t i = 0; i < ARRAY_LEN(fresh); i++) {
		int64_t old = *number_at(before, fresh[i].offset);

		if (*number_at(wanted, fresh[i].offset) != OCI_UNSET)
			*number_at(&back, fresh[i].offset) =
				old != OCI_UNSET ? old : fresh[i].value;
	}
	if (wanted->cpus)
		back.cpus = before->cpus;
	if (wanted->mems)
		back.mems = before->mems;
	if (wanted->unified)
		back.unified = before->unified;
	return cgroup_apply(cg, &back, e);
}
