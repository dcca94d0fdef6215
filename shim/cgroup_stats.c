#include "shim/cgroup_stats.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/ptr.h"

/* ---- writing */

static void member(struct stats_out *o, const char *key)
{
	if (o->after)
		str_add_char(&o->s, ',');
	str_addf(&o->s, "\"%s\":", key);
	o->after = true;
}

void stats_open(struct stats_out *o, const char *key)
{
	member(o, key);
	str_add_char(&o->s, '{');
	o->after = false;
}

void stats_close(struct stats_out *o)
{
	str_add_char(&o->s, '}');
	o->after = true;
}

void stats_text(struct stats_out *o, const char *key, const char *json)
{
	member(o, key);
	str_add(&o->s, json);
}

void stats_number(struct stats_out *o, const char *key, uint64_t v)
{
	member(o, key);
	str_addf(&o->s, "%" PRIu64, v);
}

void stats_some(struct stats_out *o, const char *key, uint64_t v)
{
	if (v)
		stats_number(o, key, v);
}

/* "avg10=0.00 avg60=0.00 avg300=0.00 total=0" */
static void pressure_line(struct stats_out *o, char *line)
{
	char *save = NULL;

	for (char *w = strtok_r(line, " ", &save); w; w = strtok_r(NULL, " ", &save)) {
		char *value = strchr(w, '=');

		if (!value || !value[1] || value[1 + strspn(value + 1, "0123456789.")])
			continue;
		*value = '\0';
		stats_text(o, w, value + 1);
	}
}

void stats_pressure(struct stats_out *o, struct cgroup_hier *h, const char *file)
{
	cleanup_free char *text = stats_file(h, file);
	char *save = NULL;

	/* Also where the kernel was started without: then reading fails. */
	if (!text || !*text)
		return;
	stats_open(o, "psi");
	for (char *l = strtok_r(text, "\n", &save); l; l = strtok_r(NULL, "\n", &save)) {
		char *rest = strchr(l, ' ');

		if (!rest)
			continue;
		*rest = '\0';
		stats_open(o, l);
		pressure_line(o, rest + 1);
		stats_close(o);
	}
	stats_close(o);
}

/* ---- reading */

char *stats_file(struct cgroup_hier *h, const char *file)
{
	char *text = NULL;
	struct err ignored;

	if (h && cgroup_read(h, file, &text, &ignored) == 0)
		return text;
	return strdup("");
}

uint64_t stats_value(struct cgroup_hier *h, const char *file)
{
	cleanup_free char *text = stats_file(h, file);

	if (!text)
		return 0;
	return str_starts(text, "max") ? UINT64_MAX : strtoull(text, NULL, 10);
}

uint64_t stats_field(const char *text, const char *key)
{
	size_t n = strlen(key);

	for (const char *l = text; l && *l; l = strchr(l, '\n'), l += l != NULL)
		if (strncmp(l, key, n) == 0 && l[n] == ' ')
			return strtoull(l + n + 1, NULL, 10);
	return 0;
}

void stats_flat(struct stats_out *o, const char *text)
{
	cleanup_free char *copy = strdup(text);
	char *save = NULL;

	for (char *l = copy ? strtok_r(copy, "\n", &save) : NULL; l;
		l = strtok_r(NULL, "\n", &save)) {
		char *value = strchr(l, ' ');

		if (!value)
			continue;
		*value = '\0';
		stats_number(o, l, strtoull(value + 1, NULL, 10));
	}
}

char *stats_cpu_list(const char *text)
{
	cleanup_str struct str list = {0};

	for (const char *p = text; *p >= '0' && *p <= '9'; p += *p == ',') {
		char *end;
		unsigned long from = strtoul(p, &end, 10), to = from;

		if (*end == '-')
			to = strtoul(end + 1, &end, 10);
		/* No machine has more; the file is the kernel's, the bound is for the reader. */
		for (unsigned long i = from; i <= to && i < 65536; i++)
			str_addf(&list, "%s%lu", list.len ? "," : "[", i);
		p = end;
	}
	if (!list.len)
		return NULL;
	str_add_char(&list, ']');
	return str_take(&list);
}

/* ---- the parts that are alike on both */

static void put_pids(struct cgroup_hier *h, struct stats_out *o)
{
	uint64_t limit = stats_value(h, "pids.max");

	stats_some(o, "current", stats_value(h, "pids.current"));
	stats_some(o, "limit", limit == UINT64_MAX ? 0 : limit);
}

/* One page size; the reserved pages are counted where the kernel knows them, as runc does. */
static void put_hugetlb(struct cgroup_hier *h, const char *size, struct stats_out *o)
{
	cleanup_free char *rsvd =
		str_format("hugetlb.%s.rsvd.%s", size, h->v2 ? "current" : "usage_in_bytes");
	const char *kind = rsvd && cgroup_has_file(h, rsvd) ? "rsvd." : "";
	cleanup_free char *usage =
		str_format("hugetlb.%s.%s%s", size, kind, h->v2 ? "current" : "usage_in_bytes");
	cleanup_free char *peak = str_format("hugetlb.%s.%smax_usage_in_bytes", size, kind);
	cleanup_free char *failed = str_format("hugetlb.%s.%sfailcnt", size, kind);
	cleanup_free char *events = str_format("hugetlb.%s.events", size), *text = NULL;

	if (!usage || !peak || !failed || !events)
		return;
	stats_open(o, size);
	stats_some(o, "usage", stats_value(h, usage));
	if (h->v2) {
		text = stats_file(h, events);
		stats_number(o, "failcnt", text ? stats_field(text, "max") : 0);
	} else {
		stats_some(o, "max", stats_value(h, peak));
		stats_number(o, "failcnt", stats_value(h, failed));
	}
	stats_close(o);
}

/* The page sizes are those that the group has files for. */
static void put_hugetlbs(struct cgroup_hier *h, struct stats_out *o)
{
	const char *tail = h->v2 ? ".current" : ".usage_in_bytes", *head = "hugetlb.";
	int fd = dup(h->dirfd);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *d;

	if (!dir) {
		close(fd);
		return;
	}
	rewinddir(dir);
	while ((d = readdir(dir))) {
		size_t n = strlen(d->d_name);
		cleanup_free char *size = NULL;

		if (!str_starts(d->d_name, head) || !str_ends(d->d_name, tail) ||
			strstr(d->d_name, ".rsvd."))
			continue;
		size = strndup(d->d_name + strlen(head), n - strlen(head) - strlen(tail));
		if (size)
			put_hugetlb(h, size, o);
	}
	closedir(dir);
}

/* Where a controller is: in a v1 hierarchy, else in the v2 group when that has the file. */
static struct cgroup_hier *place_of(
	const struct cgroup *cg, const char *controller, const char *file_v2)
{
	struct cgroup_hier *v1 = cgroup_find_v1(cg, controller), *v2 = cgroup_find_v2(cg);

	if (v1)
		return v1;
	return v2 && (!file_v2 || cgroup_has_file(v2, file_v2)) ? v2 : NULL;
}

/* In the order in which runc writes them; the CPU, which lies in two hierarchies, before them. */
static const struct {
	const char *key, *controller, *file_v2;
	void (*v1)(struct cgroup_hier *h, struct stats_out *o);
	void (*v2)(struct cgroup_hier *h, struct stats_out *o);
} parts[] = {
	{"cpuset", "cpuset", "cpuset.cpus.effective", stats_v1_cpuset, stats_v2_cpuset},
	{"memory", "memory", "memory.current", stats_v1_memory, stats_v2_memory},
	{"pids", "pids", "pids.current", put_pids, put_pids},
	{"blkio", "blkio", "io.stat", stats_v1_blkio, stats_v2_io},
	{"hugetlb", "hugetlb", NULL, put_hugetlbs, put_hugetlbs},
};

static void put_cpu(const struct cgroup *cg, struct stats_out *o)
{
	struct cgroup_hier *v2 = cgroup_find_v2(cg);

	stats_open(o, "cpu");
	if (cgroup_find_v1(cg, "cpu") || cgroup_find_v1(cg, "cpuacct") || !v2)
		stats_v1_cpu(cg, o);
	else
		stats_v2_cpu(v2, o);
	stats_pressure(o, v2, "cpu.pressure");
	stats_close(o);
}

static void put_parts(const struct cgroup *cg, struct stats_out *o)
{
	for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
		struct cgroup_hier *h = place_of(cg, parts[i].controller, parts[i].file_v2);

		stats_open(o, parts[i].key);
		if (h)
			(h->v2 ? parts[i].v2 : parts[i].v1)(h, o);
		stats_close(o);
	}
}

int cgroup_stats(struct cgroup *cg, char **ret, struct err *e)
{
	struct stats_out o = {0};

	for (size_t i = 0; i < cg->n; i++) {
		int r = cgroup_tree_open(&cg->h[i], e);

		if (r < 0)
			return r;
	}
	str_add_char(&o.s, '{');
	put_cpu(cg, &o);
	put_parts(cg, &o);
	stats_open(&o, "intel_rdt");
	stats_close(&o);
	/* The engine's networks are the engine's to count: runc tells none either. */
	stats_text(&o, "network_interfaces", "null");
	str_add_char(&o.s, '}');
	*ret = str_take(&o.s);
	return *ret ? 0 : err_set(e, ENOMEM, "statistics");
}
