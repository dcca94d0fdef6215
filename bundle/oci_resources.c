#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/ptr.h"
#include "base/str.h"
#include "bundle/oci_read.h"

/* The object `linux.resources`, and what `update --resources` is given. */

struct oci_resources *oci_resources_new(void)
{
	struct oci_resources *r = calloc(1, sizeof(*r));

	if (!r)
		return NULL;
	r->memory_limit = r->memory_reservation = r->memory_swap = OCI_UNSET;
	r->memory_kernel = r->memory_kernel_tcp = r->memory_swappiness = OCI_UNSET;
	r->cpu_shares = r->cpu_quota = r->cpu_burst = r->cpu_period = OCI_UNSET;
	r->cpu_rt_runtime = r->cpu_rt_period = r->cpu_idle = OCI_UNSET;
	r->pids_limit = r->blkio_weight = r->blkio_leaf_weight = r->net_class_id = OCI_UNSET;
	return r;
}

void oci_resources_free(struct oci_resources *r)
{
	if (!r)
		return;
	free(r->devices);
	free(r->cpus);
	free(r->mems);
	free(r->blkio_weight_device);
	free(r->blkio_read_bps);
	free(r->blkio_write_bps);
	free(r->blkio_read_iops);
	free(r->blkio_write_iops);
	for (size_t i = 0; i < r->n_hugepages; i++)
		free(r->hugepages[i].page_size);
	free(r->hugepages);
	for (size_t i = 0; i < r->n_net_prio; i++)
		free(r->net_prio[i].name);
	free(r->net_prio);
	for (size_t i = 0; i < r->n_rdma; i++)
		free(r->rdma[i].device);
	free(r->rdma);
	strv_free(r->unified);
	free(r);
}

/* Members of one object that are numbers: name, least value, where to. */
struct number {
	const char *key;
	int64_t min;
	int64_t *ret;
};

static int read_numbers(
	const struct json_at *at, const struct number *list, size_t n, struct err *e)
{
	for (size_t i = 0; i < n; i++)
		if (json_get_int(at, list[i].key, list[i].min, INT64_MAX, list[i].ret, e) < 0)
			return -e->code;
	return 0;
}

static int read_device_rule(const struct json_at *at, void *item, struct err *e)
{
	struct oci_device_rule *d = item;
	cleanup_free char *type = NULL, *access = NULL;
	int r;

	d->major = d->minor = -1;
	if ((r = json_get_bool(at, "allow", &d->allow, e)) < 0 ||
		(r = json_get_str(at, "type", &type, e)) < 0 ||
		(r = json_get_int(at, "major", -1, UINT32_MAX, &d->major, e)) < 0 ||
		(r = json_get_int(at, "minor", -1, UINT32_MAX, &d->minor, e)) < 0 ||
		(r = json_need_str(at, "access", &access, e)) < 0)
		return r;
	if (type && *type && (strlen(type) != 1 || !strchr("abc", *type)))
		return json_err(at, EINVAL, e, "type: '%s' is none of a, b, c", type);
	if (!*access || strlen(access) > 3 || access[strspn(access, "rwm")])
		return json_err(at, EINVAL, e, "access: '%s' is not made of r, w, m", access);
	d->type = type && *type ? *type : 'a';
	memcpy(d->access, access, strlen(access) + 1);
	return 0;
}

static int read_memory(const struct json_at *at, struct oci_resources *r, struct err *e)
{
	const struct number numbers[] = {
		{"limit", -1, &r->memory_limit},
		{"reservation", -1, &r->memory_reservation},
		{"swap", -1, &r->memory_swap},
		{"kernel", -1, &r->memory_kernel},
		{"kernelTCP", -1, &r->memory_kernel_tcp},
		{"swappiness", -1, &r->memory_swappiness},
	};
	struct json_at m;
	int n = json_member(at, "memory", JSON_OBJECT, &m, e);

	if (n <= 0)
		return n;
	n = read_numbers(&m, numbers, ARRAY_LEN(numbers), e);
	if (n >= 0)
		n = json_get_bool(&m, "disableOOMKiller", &r->disable_oom_killer, e);
	if (n > 0)
		r->has_disable_oom_killer = true;
	if (n >= 0)
		n = json_get_bool(&m, "useHierarchy", &r->memory_use_hierarchy, e);
	if (n >= 0)
		n = json_get_bool(&m, "checkBeforeUpdate", &r->memory_check_before_update, e);
	return n;
}

static int read_cpu(const struct json_at *at, struct oci_resources *r, struct err *e)
{
	const struct number numbers[] = {
		{"shares", 0, &r->cpu_shares},
		{"quota", INT64_MIN + 1, &r->cpu_quota},
		{"burst", 0, &r->cpu_burst},
		{"period", 0, &r->cpu_period},
		{"realtimeRuntime", INT64_MIN + 1, &r->cpu_rt_runtime},
		{"realtimePeriod", 0, &r->cpu_rt_period},
		{"idle", 0, &r->cpu_idle},
	};
	struct json_at c;
	int n = json_member(at, "cpu", JSON_OBJECT, &c, e);

	if (n <= 0)
		return n;
	n = read_numbers(&c, numbers, ARRAY_LEN(numbers), e);
	if (n >= 0)
		n = json_get_str(&c, "cpus", &r->cpus, e);
	if (n >= 0)
		n = json_get_str(&c, "mems", &r->mems, e);
	return n;
}

static int read_rate(const struct json_at *at, void *item, struct err *e)
{
	struct oci_named_rate *rate = item;
	int r;

	if ((r = json_get_int(at, "major", 0, UINT32_MAX, &rate->major, e)) < 0 ||
		(r = json_get_int(at, "minor", 0, UINT32_MAX, &rate->minor, e)) < 0 ||
		(r = json_get_u64(at, "rate", &rate->rate, e)) < 0 ||
		(r = json_get_u64(at, "weight", &rate->rate, e)) < 0)
		return r;
	return 0;
}

static int read_block_io(const struct json_at *at, struct oci_resources *r, struct err *e)
{
	const struct number numbers[] = {
		{"weight", 0, &r->blkio_weight},
		{"leafWeight", 0, &r->blkio_leaf_weight},
	};
	const struct {
		const char *key;
		struct oci_named_rate **list;
		size_t *n;
	} lists[] = {
		{"weightDevice", &r->blkio_weight_device, &r->n_blkio_weight_device},
		{"throttleReadBpsDevice", &r->blkio_read_bps, &r->n_blkio_read_bps},
		{"throttleWriteBpsDevice", &r->blkio_write_bps, &r->n_blkio_write_bps},
		{"throttleReadIOPSDevice", &r->blkio_read_iops, &r->n_blkio_read_iops},
		{"throttleWriteIOPSDevice", &r->blkio_write_iops, &r->n_blkio_write_iops},
	};
	struct json_at b;
	int n = json_member(at, "blockIO", JSON_OBJECT, &b, e);

	if (n <= 0)
		return n;
	n = read_numbers(&b, numbers, ARRAY_LEN(numbers), e);
	for (size_t i = 0; n >= 0 && i < ARRAY_LEN(lists); i++) {
		const struct json_list how = {
			lists[i].list, lists[i].n, sizeof(**lists[i].list), read_rate};

		n = json_get_list(&b, lists[i].key, &how, e);
	}
	return n;
}

static int read_hugepage(const struct json_at *at, void *item, struct err *e)
{
	struct oci_hugepage_limit *h = item;
	int r = json_need_str(at, "pageSize", &h->page_size, e);

	if (r < 0)
		return r;
	/* It becomes part of a file's name. */
	if (!*h->page_size || strchr(h->page_size, '/'))
		return json_err(at, EINVAL, e, "pageSize: '%s' is no page size", h->page_size);
	return json_get_u64(at, "limit", &h->limit, e);
}

static int read_net_prio(const struct json_at *at, void *item, struct err *e)
{
	struct oci_net_prio *p = item;
	int r = json_need_str(at, "name", &p->name, e);

	return r < 0 ? r : oci_read_u32(at, "priority", &p->priority, e);
}

static int read_network(const struct json_at *at, struct oci_resources *r, struct err *e)
{
	const struct json_list prio = {
		&r->net_prio, &r->n_net_prio, sizeof(*r->net_prio), read_net_prio};
	struct json_at net;
	int n = json_member(at, "network", JSON_OBJECT, &net, e);

	if (n > 0)
		n = json_get_int(&net, "classID", 0, UINT32_MAX, &r->net_class_id, e);
	else
		return n;
	return n < 0 ? n : json_get_list(&net, "priorities", &prio, e);
}

static int read_rdma(const struct json_at *at, struct oci_resources *r, struct err *e)
{
	struct json_at map, value;
	const char *device;
	json_t *j;
	int n = json_member(at, "rdma", JSON_OBJECT, &map, e);

	if (n <= 0)
		return n;
	r->rdma = calloc(json_count(&map) + 1, sizeof(*r->rdma));
	if (!r->rdma)
		return err_set(e, ENOMEM, "read rdma");
	json_object_foreach (map.j, device, j) {
		struct oci_rdma *d = &r->rdma[r->n_rdma];

		n = json_member(&map, device, JSON_OBJECT, &value, e);
		if (n < 0)
			return n;
		if (n == 0)
			continue;
		d->device = strdup(device);
		if (!d->device)
			return err_set(e, ENOMEM, "read rdma");
		r->n_rdma++;
		n = oci_read_has_u32(&value, "hcaHandles", &d->handles, &d->has_handles, e);
		if (n >= 0)
			n = oci_read_has_u32(&value, "hcaObjects", &d->objects, &d->has_objects, e);
		if (n < 0)
			return n;
	}
	return 0;
}

static int read_pids(const struct json_at *at, struct oci_resources *r, struct err *e)
{
	struct json_at pids;
	int n = json_member(at, "pids", JSON_OBJECT, &pids, e);

	return n <= 0 ? n : json_get_int(&pids, "limit", -1, INT64_MAX, &r->pids_limit, e);
}

/* "memory.high": a file of the container's own group; a slash would lead out of it. */
static int read_unified(const struct json_at *at, struct oci_resources *r, struct err *e)
{
	int n = oci_read_map(at, "unified", &r->unified, e);

	for (size_t i = 0; n > 0 && r->unified && r->unified[i]; i++) {
		size_t len = strcspn(r->unified[i], "=");

		if (memchr(r->unified[i], '/', len))
			return json_err(at, EINVAL, e, "unified: '%.*s' is no file of a cgroup",
				(int)len, r->unified[i]);
	}
	return n;
}

int oci_read_resources(const struct json_at *at, struct oci_resources *r, struct err *e)
{
	const struct json_list devices = {
		&r->devices, &r->n_devices, sizeof(*r->devices), read_device_rule};
	const struct json_list hugepages = {
		&r->hugepages, &r->n_hugepages, sizeof(*r->hugepages), read_hugepage};
	int n;

	if ((n = json_get_list(at, "devices", &devices, e)) < 0 ||
		(n = read_memory(at, r, e)) < 0 || (n = read_cpu(at, r, e)) < 0 ||
		(n = read_pids(at, r, e)) < 0 || (n = read_block_io(at, r, e)) < 0 ||
		(n = json_get_list(at, "hugepageLimits", &hugepages, e)) < 0 ||
		(n = read_network(at, r, e)) < 0 || (n = read_rdma(at, r, e)) < 0 ||
		(n = read_unified(at, r, e)) < 0)
		return n;
	return 0;
}
