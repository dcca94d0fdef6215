#include <stdlib.h>
#include <string.h>

#include "base/ptr.h"
#include "shim/cgroup_stats.h"

/* Sources: the kernel's Documentation/admin-guide/cgroup-v1, one text a controller. */

/* cpuacct.stat counts in USER_HZ, which is 100 in the kernel's interface on every architecture. */
#define NSEC_PER_TICK 10000000

/* "1 2 3 " to the JSON list [1,2,3]; caller frees. NULL when there is none. */
static char *number_list(const char *text)
{
	cleanup_free char *copy = strdup(text);
	cleanup_str struct str list = {0};
	char *save = NULL;

	for (char *w = copy ? strtok_r(copy, " \n", &save) : NULL; w;
		w = strtok_r(NULL, " \n", &save)) {
		str_add_char(&list, list.len ? ',' : '[');
		str_add(&list, w);
	}
	if (!list.len)
		return NULL;
	str_add_char(&list, ']');
	return str_take(&list);
}

static void put_list(struct stats_out *o, const char *key, struct cgroup_hier *h, const char *file)
{
	cleanup_free char *text = stats_file(h, file), *list = text ? number_list(text) : NULL;

	if (list)
		stats_text(o, key, list);
}

void stats_v1_cpu(const struct cgroup *cg, struct stats_out *o)
{
	struct cgroup_hier *acct = cgroup_find_v1(cg, "cpuacct"), *cpu = cgroup_find_v1(cg, "cpu");
	cleanup_free char *ticks = stats_file(acct, "cpuacct.stat");
	cleanup_free char *stat = stats_file(cpu, "cpu.stat");

	if (!ticks || !stat)
		return;
	stats_open(o, "usage");
	stats_some(o, "total", stats_value(acct, "cpuacct.usage"));
	put_list(o, "percpu", acct, "cpuacct.usage_percpu");
	put_list(o, "percpu_kernel", acct, "cpuacct.usage_percpu_sys");
	put_list(o, "percpu_user", acct, "cpuacct.usage_percpu_user");
	stats_number(o, "kernel", stats_field(ticks, "system") * NSEC_PER_TICK);
	stats_number(o, "user", stats_field(ticks, "user") * NSEC_PER_TICK);
	stats_close(o);
	stats_open(o, "throttling");
	stats_some(o, "periods", stats_field(stat, "nr_periods"));
	stats_some(o, "throttledPeriods", stats_field(stat, "nr_throttled"));
	stats_some(o, "throttledTime", stats_field(stat, "throttled_time"));
	stats_close(o);
}

void stats_v1_cpuset(struct cgroup_hier *h, struct stats_out *o)
{
	static const struct {
		const char *key, *file;
		enum { LIST, NUMBER, SIGNED } kind;
	} members[] = {
		{"cpus", "cpuset.cpus", LIST},
		{"cpu_exclusive", "cpuset.cpu_exclusive", NUMBER},
		{"mems", "cpuset.mems", LIST},
		{"mem_hardwall", "cpuset.mem_hardwall", NUMBER},
		{"mem_exclusive", "cpuset.mem_exclusive", NUMBER},
		{"memory_migrate", "cpuset.memory_migrate", NUMBER},
		{"memory_spread_page", "cpuset.memory_spread_page", NUMBER},
		{"memory_spread_slab", "cpuset.memory_spread_slab", NUMBER},
		{"memory_pressure", "cpuset.memory_pressure", NUMBER},
		{"sched_load_balance", "cpuset.sched_load_balance", NUMBER},
		{"sched_relax_domain_level", "cpuset.sched_relax_domain_level", SIGNED},
	};

	for (size_t i = 0; i < ARRAY_LEN(members); i++) {
		cleanup_free char *text = stats_file(h, members[i].file);
		cleanup_free char *list = NULL;

		if (!text)
			return;
		if (members[i].kind == LIST) {
			list = stats_cpu_list(text);
			if (list)
				stats_text(o, members[i].key, list);
		} else if (members[i].kind == SIGNED && *text == '-') {
			text[strcspn(text, "\n")] = '\0';
			stats_text(o, members[i].key, text);
		} else {
			stats_number(o, members[i].key, strtoull(text, NULL, 10));
		}
	}
}

/* "memory", "memory.memsw" … and its four files. */
static void put_counter(
	struct stats_out *o, const char *key, struct cgroup_hier *h, const char *prefix)
{
	static const struct {
		const char *key, *file;
		bool always;
	} members[] = {
		{"limit", "limit_in_bytes", true},
		{"usage", "usage_in_bytes", false},
		{"max", "max_usage_in_bytes", false},
		{"failcnt", "failcnt", true},
	};

	stats_open(o, key);
	for (size_t i = 0; i < ARRAY_LEN(members); i++) {
		cleanup_free char *file = str_format("%s.%s", prefix, members[i].file);
		uint64_t v = file ? stats_value(h, file) : 0;

		if (v || members[i].always)
			stats_number(o, members[i].key, v);
	}
	stats_close(o);
}

void stats_v1_memory(struct cgroup_hier *h, struct stats_out *o)
{
	cleanup_free char *stat = stats_file(h, "memory.stat");

	if (!stat)
		return;
	stats_some(o, "cache", stats_field(stat, "cache"));
	put_counter(o, "usage", h, "memory");
	put_counter(o, "swap", h, "memory.memsw");
	put_counter(o, "kernel", h, "memory.kmem");
	put_counter(o, "kernelTCP", h, "memory.kmem.tcp");
	stats_open(o, "raw");
	stats_flat(o, stat);
	stats_close(o);
}

/* "8:0 Read 4096", "8:0 12"; the line "Total 4096" has no device. */
static void put_entry(struct str *list, char *line)
{
	unsigned int major, minor;
	char op[32] = "", *rest;
	int n = 0;

	if (sscanf(line, "%u:%u %n", &major, &minor, &n) < 2 || !n)
		return;
	rest = line + n;
	if (*rest < '0' || *rest > '9') {
		snprintf(op, sizeof(op), "%.*s", (int)strcspn(rest, " "), rest);
		rest += strcspn(rest, " ");
	}
	str_add(list, list->len ? "," : "[");
	str_addf(list, "{\"major\":%u,\"minor\":%u", major, minor);
	if (*op)
		str_addf(list, ",\"op\":\"%s\"", op);
	str_addf(list, ",\"value\":%llu}", strtoull(rest, NULL, 10));
}

void stats_v1_blkio_text(struct stats_out *o, const char *key, const char *text)
{
	cleanup_free char *copy = strdup(text), *json = NULL;
	struct str list = {0};
	char *save = NULL;

	for (char *l = copy ? strtok_r(copy, "\n", &save) : NULL; l;
		l = strtok_r(NULL, "\n", &save))
		put_entry(&list, l);
	if (!list.len)
		return;
	str_add_char(&list, ']');
	json = str_take(&list);
	if (json)
		stats_text(o, key, json);
}

/*
 * The scheduler that is in use counts in files of its own; those of the throttle are always there.
 * The first set that has counted anything is told, as in runc.
 */
void stats_v1_blkio(struct cgroup_hier *h, struct stats_out *o)
{
	static const char *const sets[][2] = {
		{"blkio.bfq.", "_recursive"},
		{"blkio.", "_recursive"},
		{"blkio.throttle.", "_recursive"},
		{"blkio.throttle.", ""},
	};
	static const struct {
		const char *file, *key;
	} counters[] = {
		{"io_service_bytes", "ioServiceBytesRecursive"},
		{"io_serviced", "ioServicedRecursive"},
		{"io_queued", "ioQueueRecursive"},
		{"io_service_time", "ioServiceTimeRecursive"},
		{"io_wait_time", "ioWaitTimeRecursive"},
		{"io_merged", "ioMergedRecursive"},
		{"time", "ioTimeRecursive"},
		{"sectors", "sectorsRecursive"},
	};

	for (size_t k = 0; k < ARRAY_LEN(sets) && !o->after; k++)
		for (size_t i = 0; i < ARRAY_LEN(counters); i++) {
			cleanup_free char *file =
				str_format("%s%s%s", sets[k][0], counters[i].file, sets[k][1]);
			cleanup_free char *text = file ? stats_file(h, file) : NULL;

			if (text)
				stats_v1_blkio_text(o, counters[i].key, text);
		}
}
