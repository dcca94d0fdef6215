#include "shim/cgroup_impl.h"

#include <errno.h>
#include <inttypes.h>

#include "base/ptr.h"
#include "base/str.h"

const struct oci_resources cgroup_no_limits = {
	.memory_limit = OCI_UNSET,
	.memory_reservation = OCI_UNSET,
	.memory_swap = OCI_UNSET,
	.memory_kernel = OCI_UNSET,
	.memory_kernel_tcp = OCI_UNSET,
	.memory_swappiness = OCI_UNSET,
	.cpu_shares = OCI_UNSET,
	.cpu_quota = OCI_UNSET,
	.cpu_burst = OCI_UNSET,
	.cpu_period = OCI_UNSET,
	.cpu_rt_runtime = OCI_UNSET,
	.cpu_rt_period = OCI_UNSET,
	.cpu_idle = OCI_UNSET,
	.pids_limit = OCI_UNSET,
	.blkio_weight = OCI_UNSET,
	.blkio_leaf_weight = OCI_UNSET,
	.net_class_id = OCI_UNSET,
};

static bool is_set(int64_t v)
{
	return v != OCI_UNSET && v != 0;
}

bool cgroup_asks_limits(const struct oci_resources *r)
{
	const int64_t values[] = {r->memory_limit, r->memory_reservation, r->memory_swap,
		r->memory_kernel, r->memory_kernel_tcp, r->cpu_shares, r->cpu_quota, r->cpu_burst,
		r->cpu_period, r->cpu_rt_runtime, r->cpu_rt_period, r->cpu_idle, r->pids_limit,
		r->blkio_weight, r->blkio_leaf_weight, r->net_class_id};
	const size_t lists[] = {r->n_blkio_weight_device, r->n_blkio_read_bps, r->n_blkio_write_bps,
		r->n_blkio_read_iops, r->n_blkio_write_iops, r->n_hugepages, r->n_net_prio,
		r->n_rdma, strv_len(r->unified)};
	bool any = (r->cpus && *r->cpus) || (r->mems && *r->mems);

	/* -1 and 0 ask for none. */
	for (size_t i = 0; i < ARRAY_LEN(values); i++)
		any |= values[i] > 0;
	for (size_t i = 0; i < ARRAY_LEN(lists); i++)
		any |= lists[i] > 0;
	return any;
}

int cgroup_pids_max(struct cgroup_hier *h, const struct oci_resources *res, struct err *e)
{
	if (res->pids_limit < 0)
		return cgroup_write(h, "pids.max", "max", e);
	return cgroup_writef(h, "pids.max", e, "%" PRId64, res->pids_limit);
}

int cgroup_rdma(struct cgroup_hier *h, const struct oci_resources *res, struct err *e)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < res->n_rdma; i++) {
		const struct oci_rdma *d = &res->rdma[i];

		if (d->has_handles)
			r = cgroup_writef(
				h, "rdma.max", e, "%s hca_handle=%u", d->device, d->handles);
		if (r == 0 && d->has_objects)
			r = cgroup_writef(
				h, "rdma.max", e, "%s hca_object=%u", d->device, d->objects);
	}
	return r;
}

static bool asks_devices(const struct oci_resources *res)
{
	return res->n_devices > 0;
}

static bool asks_memory(const struct oci_resources *res)
{
	return is_set(res->memory_limit) || res->memory_swap != OCI_UNSET ||
	       is_set(res->memory_reservation) || is_set(res->memory_kernel) ||
	       is_set(res->memory_kernel_tcp) || res->has_disable_oom_killer ||
	       res->memory_check_before_update ||
	       (res->memory_swappiness != OCI_UNSET && res->memory_swappiness != -1);
}

static bool asks_cpu(const struct oci_resources *res)
{
	return is_set(res->cpu_shares) || is_set(res->cpu_quota) || res->cpu_burst != OCI_UNSET ||
	       is_set(res->cpu_period) || is_set(res->cpu_rt_runtime) ||
	       is_set(res->cpu_rt_period) || res->cpu_idle != OCI_UNSET;
}

static bool asks_cpuset(const struct oci_resources *res)
{
	return (res->cpus && *res->cpus) || (res->mems && *res->mems);
}

/* 0 is a limit like any other (config-linux.md, "PIDs"). */
static bool asks_pids(const struct oci_resources *res)
{
	return res->pids_limit != OCI_UNSET;
}

static bool asks_blkio(const struct oci_resources *res)
{
	return is_set(res->blkio_weight) || is_set(res->blkio_leaf_weight) ||
	       res->n_blkio_weight_device || res->n_blkio_read_bps || res->n_blkio_write_bps ||
	       res->n_blkio_read_iops || res->n_blkio_write_iops;
}

static bool asks_hugetlb(const struct oci_resources *res)
{
	return res->n_hugepages > 0;
}

static bool asks_net_cls(const struct oci_resources *res)
{
	return is_set(res->net_class_id);
}

static bool asks_net_prio(const struct oci_resources *res)
{
	return res->n_net_prio > 0;
}

static bool asks_rdma(const struct oci_resources *res)
{
	return res->n_rdma > 0;
}

/* name: on v1; name_v2: where it differs. A controller without a function there does not exist. */
static const struct {
	struct cgroup_controller c;
	const char *name_v2;
} controllers[] = {
	{{"memory", asks_memory, cgroup_v1_memory, cgroup_v2_memory}, "memory"},
	{{"cpu", asks_cpu, cgroup_v1_cpu, cgroup_v2_cpu}, "cpu"},
	{{"cpuset", asks_cpuset, cgroup_v1_cpuset, cgroup_v2_cpuset}, "cpuset"},
	{{"pids", asks_pids, cgroup_pids_max, cgroup_pids_max}, "pids"},
	{{"blkio", asks_blkio, cgroup_v1_blkio, cgroup_v2_io}, "io"},
	{{"hugetlb", asks_hugetlb, cgroup_v1_hugetlb, cgroup_v2_hugetlb}, "hugetlb"},
	{{"net_cls", asks_net_cls, cgroup_v1_net_cls, NULL}, NULL},
	{{"net_prio", asks_net_prio, cgroup_v1_net_prio, NULL}, NULL},
	{{"rdma", asks_rdma, cgroup_rdma, cgroup_rdma}, "rdma"},
	/* Last: nothing above needs a device that the rules refuse. On v2 no controller, but eBPF.
	 */
	{{"devices", asks_devices, cgroup_v1_devices, cgroup_v2_devices}, NULL},
};

static int apply_one(struct cgroup *cg, size_t i, const struct oci_resources *res, struct err *e)
{
	const struct cgroup_controller *c = &controllers[i].c;
	const char *name_v2 = controllers[i].name_v2;
	struct cgroup_hier *v1 = cgroup_find_v1(cg, c->name), *v2 = cgroup_find_v2(cg);
	int r;

	if (v1)
		return c->v1(v1, res, e);
	if (v2 && c->v2 && !name_v2)
		return c->v2(v2, res, e);
	if (!v2 || !c->v2 || !cgroup_v2_offers(v2, name_v2))
		return err_say(e, ENOTSUP,
			"cannot set %s limits: this machine has no cgroup controller '%s'", c->name,
			v1 || !name_v2 ? c->name : name_v2);
	/* On a hybrid machine a controller is switched on only for whoever needs it. */
	r = cgroup_is_pure_v2(cg) ? 0 : cgroup_v2_enable(v2, name_v2, e);
	return r < 0 ? r : c->v2(v2, res, e);
}

int cgroup_check_usage(struct cgroup *cg, const struct oci_resources *res, struct err *e)
{
	struct cgroup_hier *h = cgroup_find_v1(cg, "memory");
	cleanup_free char *text = NULL;
	uint64_t usage;
	int r;

	if (!res->memory_check_before_update || !is_set(res->memory_limit) || res->memory_limit < 0)
		return 0;
	if (!h)
		h = cgroup_find_v2(cg);
	r = h ? cgroup_read(h, h->v2 ? "memory.current" : "memory.usage_in_bytes", &text, e) : 0;
	if (r < 0 || !h)
		return r;
	usage = strtoull(text, NULL, 10);
	if (usage > (uint64_t)res->memory_limit)
		return err_say(e, EINVAL,
			"rejecting memory limit %" PRId64 ": less than the current usage %" PRIu64,
			res->memory_limit, usage);
	return 0;
}

int cgroup_limits_fresh(struct cgroup *cg, const struct oci_resources *res, struct err *e)
{
	const size_t devices = ARRAY_LEN(controllers) - 1;
	int r = cgroup_limits_apply(cg, res, e);

	if (r < 0 || asks_devices(res))
		return r;
	if (!cgroup_find_v1(cg, "devices") && !cgroup_find_v2(cg))
		return 0;
	return apply_one(cg, devices, res, e);
}

int cgroup_limits_apply(struct cgroup *cg, const struct oci_resources *res, struct err *e)
{
	struct cgroup_hier *v2 = cgroup_find_v2(cg);

	for (size_t i = 0; i < ARRAY_LEN(controllers); i++) {
		int r = controllers[i].c.asked(res) ? apply_one(cg, i, res, e) : 0;

		if (r < 0)
			return r;
	}
	if (!res->unified || !*res->unified)
		return 0;
	if (!v2)
		return err_say(e, EINVAL, "invalid configuration: cannot use unified on cgroup v1");
	return cgroup_v2_unified(v2, res, e);
}
