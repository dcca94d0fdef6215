#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/ptr.h"
#include "shim/cgroup_stats.h"

/* Source: the kernel's Documentation/admin-guide/cgroup-v2.rst. */

#define NSEC_PER_USEC 1000

void stats_v2_cpu(struct cgroup_hier *h, struct stats_out *o)
{
	cleanup_free char *stat = stats_file(h, "cpu.stat");

	if (!stat)
		return;
	stats_open(o, "usage");
	stats_some(o, "total", stats_field(stat, "usage_usec") * NSEC_PER_USEC);
	stats_number(o, "kernel", stats_field(stat, "system_usec") * NSEC_PER_USEC);
	stats_number(o, "user", stats_field(stat, "user_usec") * NSEC_PER_USEC);
	stats_close(o);
	stats_open(o, "throttling");
	stats_some(o, "periods", stats_field(stat, "nr_periods"));
	stats_some(o, "throttledPeriods", stats_field(stat, "nr_throttled"));
	stats_some(o, "throttledTime", stats_field(stat, "throttled_usec") * NSEC_PER_USEC);
	stats_close(o);
}

void stats_v2_cpuset(struct cgroup_hier *h, struct stats_out *o)
{
	cleanup_free char *cpus = stats_file(h, "cpuset.cpus.effective");
	cleanup_free char *mems = stats_file(h, "cpuset.mems.effective");
	cleanup_free char *cpu_list = cpus ? stats_cpu_list(cpus) : NULL;
	cleanup_free char *mem_list = mems ? stats_cpu_list(mems) : NULL;

	if (cpu_list)
		stats_text(o, "cpus", cpu_list);
	if (mem_list)
		stats_text(o, "mems", mem_list);
}

static void put_entry(
	struct stats_out *o, const char *key, uint64_t limit, uint64_t usage, uint64_t max)
{
	stats_open(o, key);
	stats_number(o, "limit", limit);
	stats_some(o, "usage", usage);
	stats_some(o, "max", max);
	stats_number(o, "failcnt", 0);
	stats_close(o);
}

/* v1 counts memory and swap together, and so does who reads this. */
static void put_swap(struct cgroup_hier *h, uint64_t usage, uint64_t limit, struct stats_out *o)
{
	uint64_t swap_max = stats_value(h, "memory.swap.max");
	uint64_t together =
		swap_max == UINT64_MAX || limit == UINT64_MAX ? UINT64_MAX : swap_max + limit;

	put_entry(o, "swap", together, stats_value(h, "memory.swap.current") + usage, 0);
}

void stats_v2_memory(struct cgroup_hier *h, struct stats_out *o)
{
	cleanup_free char *stat = stats_file(h, "memory.stat");
	uint64_t usage = stats_value(h, "memory.current"), limit = stats_value(h, "memory.max");

	if (!stat)
		return;
	stats_some(o, "cache", stats_field(stat, "file"));
	put_entry(o, "usage", limit, usage, stats_value(h, "memory.peak"));
	put_swap(h, usage, limit, o);
	/* There is no limit of the kernel's memory by itself. */
	put_entry(o, "kernel", 0, stats_field(stat, "kernel"), 0);
	put_entry(o, "kernelTCP", 0, stats_field(stat, "sock"), 0);
	stats_open(o, "raw");
	stats_flat(o, stat);
	stats_close(o);
	stats_pressure(o, h, "memory.pressure");
}

/* Where a word of io.stat goes in the lists of v1. */
static const struct {
	const char *word, *op;
	bool bytes;
} io_words[] = {
	{"rbytes", "Read", true},
	{"wbytes", "Write", true},
	{"dbytes", "Discard", true},
	{"rios", "Read", false},
	{"wios", "Write", false},
	{"dios", "Discard", false},
};

/* "8:0 rbytes=1 wbytes=2 …" */
static void put_device(char *line, struct str lists[2])
{
	unsigned int major, minor;
	char *save = NULL, *word = strtok_r(line, " ", &save);

	if (!word || sscanf(word, "%u:%u", &major, &minor) != 2)
		return;
	while ((word = strtok_r(NULL, " ", &save))) {
		size_t n = strcspn(word, "=");

		for (size_t i = 0; word[n] && i < ARRAY_LEN(io_words); i++) {
			struct str *list = &lists[io_words[i].bytes ? 0 : 1];

			if (strlen(io_words[i].word) != n ||
				strncmp(io_words[i].word, word, n) != 0)
				continue;
			str_addf(list, "%s{\"major\":%u,\"minor\":%u,\"op\":\"%s\",\"value\":%llu}",
				list->len ? "," : "[", major, minor, io_words[i].op,
				strtoull(word + n + 1, NULL, 10));
		}
	}
}

void stats_v2_io_text(struct stats_out *o, const char *text)
{
	static const char *const keys[] = {"ioServiceBytesRecursive", "ioServicedRecursive"};
	cleanup_free char *copy = strdup(text);
	struct str lists[2] = {0};
	char *save = NULL;

	for (char *l = copy ? strtok_r(copy, "\n", &save) : NULL; l;
		l = strtok_r(NULL, "\n", &save))
		put_device(l, lists);
	for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
		cleanup_free char *json = NULL;

		if (!lists[i].len)
			continue;
		str_add_char(&lists[i], ']');
		json = str_take(&lists[i]);
		if (json)
			stats_text(o, keys[i], json);
	}
}

void stats_v2_io(struct cgroup_hier *h, struct stats_out *o)
{
	cleanup_free char *text = stats_file(h, "io.stat");

	if (text)
		stats_v2_io_text(o, text);
	stats_pressure(o, h, "io.pressure");
}
