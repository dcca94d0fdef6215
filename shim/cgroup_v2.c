#include "shim/cgroup_impl.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <math.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/proc.h"
#include "base/ptr.h"
#include "base/str.h"

#define FREEZE_MS 10000

static bool is_set(int64_t v)
{
	return v != OCI_UNSET && v != 0;
}

/* -1 and below mean no limit. */
static int write_max(struct cgroup_hier *h, const char *file, int64_t v, struct err *e)
{
	return v < 0 ? cgroup_write(h, file, "max", e) : cgroup_writef(h, file, e, "%" PRId64, v);
}

/* v1 counts memory and swap together, v2 swap by itself. 1: *ret is to be set; 0: nothing. */
static int swap_alone(const struct oci_resources *res, int64_t *ret, struct err *e)
{
	int64_t limit = res->memory_limit, swap = res->memory_swap;

	if (limit == -1 && !is_set(swap))
		swap = -1;
	if (swap == OCI_UNSET)
		return 0;
	/* 0: no swap at all, as crun has it; below 0: no limit. */
	if (swap <= 0) {
		*ret = swap < 0 ? -1 : 0;
		return 1;
	}
	if (!is_set(limit) || limit < 0)
		return err_say(e, EINVAL, "unable to set swap limit without memory limit");
	if (swap < limit)
		return err_say(e, EINVAL, "memory+swap limit should be >= memory limit");
	*ret = swap - limit;
	return 1;
}

int cgroup_v2_memory(struct cgroup_hier *h, const struct oci_resources *res, struct err *e)
{
	int64_t swap = 0;
	int has_swap = swap_alone(res, &swap, e), r = has_swap;

	if (r < 0)
		return r;
	/* A kernel without swap accounting has no file; no limit or no swap is then true already.
	 */
	if (has_swap && (swap > 0 || cgroup_has_file(h, "memory.swap.max")))
		r = write_max(h, "memory.swap.max", swap, e);
	if (r >= 0 && is_set(res->memory_limit))
		r = write_max(h, "memory.max", res->memory_limit, e);
	if (r >= 0 && is_set(res->memory_reservation))
		r = write_max(h, "memory.low", res->memory_reservation, e);
	if (is_set(res->memory_kernel) || is_set(res->memory_kernel_tcp))
		log_warning("the kernel memory limit is ignored: cgroup v2 has none");
	if (res->has_disable_oom_killer && res->disable_oom_killer)
		log_warning("disableOOMKiller is ignored: cgroup v2 has no such switch");
	if (is_set(res->memory_swappiness) && res->memory_swappiness != -1)
		log_warning("memory swappiness is ignored: cgroup v2 has none");
	return r < 0 ? r : 0;
}

/*
 * The curve through (2, 1), (1024, 100), (262144, 10000): the default of v1 becomes the default of
 * v2, as newer runc and crun have it. (The straight line of older ones made it 39.)
 */
uint64_t cgroup_v2_cpu_weight(uint64_t shares)
{
	double l;

	if (shares <= 2)
		return 1;
	if (shares >= 262144)
		return 10000;
	l = log2((double)shares);
	return (uint64_t)ceil(pow(10, (l * l + 125 * l) / 612.0 - 7.0 / 34.0));
}

uint64_t cgroup_v2_io_weight(uint64_t w)
{
	if (w < 10)
		w = 10;
	return 1 + (w - 10) * 9999 / 990;
}

static int cpu_max(struct cgroup_hier *h, const struct oci_resources *res, struct err *e)
{
	int64_t period = is_set(res->cpu_period) ? res->cpu_period : 0;
	cleanup_free char *now = NULL;
	char quota[32] = "max";

	if (is_set(res->cpu_quota)) {
		if (res->cpu_quota > 0)
			snprintf(quota, sizeof(quota), "%" PRId64, res->cpu_quota);
	} else if (!period) {
		return 0;
	} else if (cgroup_read(h, "cpu.max", &now, e) == 0) {
		/* Only the period changes: the quota stays what it is. */
		snprintf(quota, sizeof(quota), "%.*s", (int)strcspn(now, " \n"), now);
	}
	return period ? cgroup_writef(h, "cpu.max", e, "%s %" PRId64, quota, period)
		      : cgroup_write(h, "cpu.max", quota, e);
}

/* The burst may never be above the quota: what grows is set last, what shrinks first. */
static int cpu_max_and_burst(struct cgroup_hier *h, const struct oci_resources *res, struct err *e)
{
	bool asked = res->cpu_burst != OCI_UNSET, done = false;
	struct err early;
	int r;

	if (asked)
		done = cgroup_writef(h, "cpu.max.burst", &early, "%" PRId64, res->cpu_burst) == 0;
	r = cpu_max(h, res, e);
	if (r == 0 && asked && !done)
		r = cgroup_writef(h, "cpu.max.burst", e, "%" PRId64, res->cpu_burst);
	return r;
}

int cgroup_v2_cpu(struct cgroup_hier *h, const struct oci_resources *res, struct err *e)
{
	int r = 0;

	if (is_set(res->cpu_rt_runtime) || is_set(res->cpu_rt_period))
		return err_say(e, EINVAL, "cgroup v2 has no real-time limits for the CPU");
	if (res->cpu_idle != OCI_UNSET)
		r = cgroup_writef(h, "cpu.idle", e, "%" PRId64, res->cpu_idle);
	/* An idle group has no weight of its own. */
	if (r == 0 && is_set(res->cpu_shares) && res->cpu_idle != 1)
		r = cgroup_writef(h, "cpu.weight", e, "%" PRIu64,
			cgroup_v2_cpu_weight((uint64_t)res->cpu_shares));
	return r < 0 ? r : cpu_max_and_burst(h, res, e);
}

int cgroup_v2_cpuset(struct cgroup_hier *h, const struct oci_resources *res, struct err *e)
{
	return cgroup_v1_cpuset(h, res, e); /* the same two files */
}

static int io_weights(struct cgroup_hier *h, const struct oci_resources *res, struct err *e)
{
	bool bfq = cgroup_has_file(h, "io.bfq.weight");
	const char *file = bfq ? "io.bfq.weight" : "io.weight";
	int r = 0;

	if (is_set(res->blkio_leaf_weight))
		return err_say(e, EINVAL, "cgroup v2 has no leaf weight for I/O");
	if (is_set(res->blkio_weight))
		r = cgroup_writef(h, file, e, "%" PRIu64,
			bfq ? (uint64_t)res->blkio_weight
			    : cgroup_v2_io_weight((uint64_t)res->blkio_weight));
	for (size_t i = 0; r == 0 && i < res->n_blkio_weight_device; i++) {
		const struct oci_named_rate *d = &res->blkio_weight_device[i];

		r = cgroup_writef(h, file, e, "%" PRId64 ":%" PRId64 " %" PRIu64, d->major,
			d->minor, bfq ? d->rate : cgroup_v2_io_weight(d->rate));
	}
	return r;
}

int cgroup_v2_io(struct cgroup_hier *h, const struct oci_resources *res, struct err *e)
{
	const struct {
		const char *key;
		const struct oci_named_rate *list;
		size_t n;
	} max[] = {
		{"rbps", res->blkio_read_bps, res->n_blkio_read_bps},
		{"wbps", res->blkio_write_bps, res->n_blkio_write_bps},
		{"riops", res->blkio_read_iops, res->n_blkio_read_iops},
		{"wiops", res->blkio_write_iops, res->n_blkio_write_iops},
	};
	int r = io_weights(h, res, e);

	for (size_t k = 0; k < ARRAY_LEN(max); k++)
		for (size_t i = 0; r == 0 && i < max[k].n; i++)
			r = cgroup_writef(h, "io.max", e, "%" PRId64 ":%" PRId64 " %s=%" PRIu64,
				max[k].list[i].major, max[k].list[i].minor, max[k].key,
				max[k].list[i].rate);
	return r;
}

int cgroup_v2_hugetlb(struct cgroup_hier *h, const struct oci_resources *res, struct err *e)
{
	for (size_t i = 0; i < res->n_hugepages; i++) {
		const struct oci_hugepage_limit *l = &res->hugepages[i];
		cleanup_free char *file = str_format("hugetlb.%s.max", l->page_size);
		cleanup_free char *rsvd = str_format("hugetlb.%s.rsvd.max", l->page_size);
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

static int unified_one(struct cgroup_hier *h, const char *entry, struct err *e)
{
	size_t n = strcspn(entry, "="), dot = strcspn(entry, ".");
	cleanup_free char *file = strndup(entry, n), *controller = strndup(entry, dot);

	if (!file || !controller)
		return err_set(e, ENOMEM, "unified resource");
	if (!entry[n] || dot == 0 || dot >= n || strchr(file, '/'))
		return err_say(e, EINVAL,
			"unified resource: the specified key has not the form CONTROLLER.VALUE "
			"`%s`",
			file);
	if (strcmp(controller, "cgroup") != 0 && !cgroup_v2_offers(h, controller))
		return err_say(e, EINVAL,
			"unified resource '%s': the requested cgroup controller `%s` is not "
			"available in the v2 tree",
			file, controller);
	return cgroup_write(h, file, entry + n + 1, e);
}

int cgroup_v2_unified(struct cgroup_hier *h, const struct oci_resources *res, struct err *e)
{
	int r = 0;

	for (char *const *u = res->unified; r == 0 && u && *u; u++)
		r = unified_one(h, *u, e);
	return r;
}

static bool has_word(const char *text, const char *word)
{
	size_t n = strlen(word);

	for (const char *p = text; *p; p += strcspn(p, " \n"), p += strspn(p, " \n"))
		if (strcspn(p, " \n") == n && strncmp(p, word, n) == 0)
			return true;
	return false;
}

bool cgroup_v2_offers(const struct cgroup_hier *h, const char *controller)
{
	cleanup_free char *file = str_format("%s/cgroup.controllers", h->mount), *text = NULL;
	struct err ignored;

	return file && fd_read_file(AT_FDCWD, file, 4096, &text, NULL, &ignored) == 0 &&
	       has_word(text, controller);
}

/* Writes "+NAME" for what the group offers and has not enabled for those below it. */
static int enable_in(int dir, const char *where, const char *only, struct err *e)
{
	cleanup_free char *offered = NULL, *enabled = NULL;
	char *save = NULL;
	int r = fd_read_file(dir, "cgroup.controllers", 4096, &offered, NULL, e);

	if (r == 0)
		r = fd_read_file(dir, "cgroup.subtree_control", 4096, &enabled, NULL, e);
	if (r < 0)
		return err_wrap(e, "cgroup '%s'", where);
	for (char *c = strtok_r(offered, " \n", &save); c; c = strtok_r(NULL, " \n", &save)) {
		char plus[64];

		if (has_word(enabled, c) || (only && strcmp(only, c) != 0))
			continue;
		snprintf(plus, sizeof(plus), "+%s", c);
		r = fd_write_file(dir, "cgroup.subtree_control", plus, e);
		/*
		 * One that cannot be had (cpu with real-time tasks about, or a group that has
		 * processes) is an error only where a limit needs it: then its file is missing.
		 */
		if (r < 0)
			log_debug("cgroup '%s': enable controller '%s': %s", where, c, e->msg);
	}
	return 0;
}

/* Those that count whole processes, and so nothing in a threaded group. */
static bool asks_domain_controller(const struct oci_resources *res)
{
	return is_set(res->memory_limit) || is_set(res->memory_swap) ||
	       is_set(res->memory_reservation) || is_set(res->blkio_weight) ||
	       res->n_blkio_weight_device || res->n_blkio_read_bps || res->n_blkio_write_bps ||
	       res->n_blkio_read_iops || res->n_blkio_write_iops || res->n_hugepages || res->n_rdma;
}

int cgroup_v2_check_type(struct cgroup_hier *h, const struct oci_resources *res, struct err *e)
{
	cleanup_free char *type = NULL;
	struct err none;

	/* The root has no such file. */
	if (cgroup_read(h, "cgroup.type", &type, &none) < 0 || str_starts(type, "domain\n"))
		return 0;
	type[strcspn(type, "\n")] = '\0';
	if (asks_domain_controller(res))
		return err_say(e, ENOTSUP,
			"cannot enter cgroup '%s%s' with limits of memory, I/O, huge pages or "
			"RDMA: "
			"it is in \"%s\" mode, since a group above it is threaded or has processes",
			h->mount, h->path, type);
	return strcmp(type, "domain invalid") == 0 ? cgroup_write(h, "cgroup.type", "threaded", e)
						   : 0;
}

int cgroup_v2_enable(struct cgroup_hier *h, const char *name, struct err *e)
{
	cleanup_fd int dir = open(h->mount, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	cleanup_free char *copy = strdup(h->path);
	char *save = NULL;

	if (dir < 0 || !copy)
		return err_set(e, copy ? errno : ENOMEM, "open '%s'", h->mount);
	for (char *part = strtok_r(copy, "/", &save); part; part = strtok_r(NULL, "/", &save)) {
		int r = enable_in(dir, h->mount, name, e), sub;

		if (r < 0)
			return r;
		sub = openat(dir, part, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (sub < 0)
			return err_set(e, errno, "open cgroup '%s%s'", h->mount, h->path);
		fd_close(&dir);
		dir = sub;
	}
	return 0;
}

/* The value of "frozen" in cgroup.events. */
static int read_frozen(int fd)
{
	char text[256];
	ssize_t n = pread(fd, text, sizeof(text) - 1, 0);

	if (n < 0)
		return -errno;
	text[n] = '\0';
	return strstr(text, "frozen 1") != NULL;
}

int cgroup_v2_frozen(struct cgroup_hier *h, struct err *e)
{
	cleanup_free char *text = NULL;
	int r = cgroup_read(h, "cgroup.events", &text, e);

	return r < 0 ? r : strstr(text, "frozen 1") != NULL;
}

int cgroup_v2_freeze(struct cgroup_hier *h, bool on, struct err *e)
{
	int r = cgroup_write(h, "cgroup.freeze", on ? "1" : "0", e);
	int64_t deadline = proc_now_ms() + FREEZE_MS;
	cleanup_fd int fd = -1;

	if (r < 0)
		return r;
	fd = openat(h->dirfd, "cgroup.events", O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return err_set(e, errno, "open cgroup.events of '%s%s'", h->mount, h->path);
	for (;;) {
		struct pollfd p = {.fd = fd, .events = POLLPRI};
		int64_t left = deadline - proc_now_ms();

		r = read_frozen(fd);
		if (r < 0)
			return err_set(e, -r, "read cgroup.events of '%s%s'", h->mount, h->path);
		if ((r > 0) == on)
			return 0;
		if (left <= 0 || (poll(&p, 1, (int)left) < 0 && errno != EINTR))
			break;
	}
	if (on)
		cgroup_write(h, "cgroup.freeze", "0", e);
	return err_say(e, EBUSY, "unable to freeze '%s%s' within %d s", h->mount, h->path,
		FREEZE_MS / 1000);
}
