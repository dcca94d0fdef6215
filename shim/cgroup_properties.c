#include "shim/cgroup_properties.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fd.h"
#include "base/ptr.h"
#include "base/str.h"
#include "shim/cgroup_devices.h"
#include "shim/cgroup_impl.h"
#include "shim/cgroup_stats.h"
#include "shim/variant.h"

/* systemd's words for "no limit". */
#define INFINITE INT64_C(-1)
/* CPUs and memory nodes: above it nobody's machine has any. */
#define BITS_MAX 8192

static bool is_set(int64_t v)
{
	return v != OCI_UNSET && v != 0;
}

void cgroup_properties_add(json_t *list, const char *name, const char *type, json_t *value)
{
	json_array_append_new(
		list, json_pack("{s:s, s:s, s:o}", "name", name, "type", type, "value", value));
}

static void add_optional(json_t *list, const char *name, const char *type, json_t *value)
{
	json_array_append_new(list, json_pack("{s:s, s:s, s:o, s:b}", "name", name, "type", type,
					    "value", value, "optional", 1));
}

static void add_u64(json_t *list, const char *name, int64_t value)
{
	cgroup_properties_add(list, name, "t", json_integer(value < 0 ? INFINITE : value));
}

/* "0-2,7" as systemd's bytes, the lowest CPU in the lowest bit of the first. */
static void add_bits(json_t *list, const char *name, const char *text)
{
	unsigned char bytes[BITS_MAX / 8] = {0};
	size_t n = 0;
	json_t *value = json_array();

	for (const char *p = text; *p >= '0' && *p <= '9'; p += *p == ',') {
		char *end;
		unsigned long from = strtoul(p, &end, 10), to = from;

		if (*end == '-')
			to = strtoul(end + 1, &end, 10);
		for (unsigned long i = from; i <= to && i < BITS_MAX; i++) {
			bytes[i / 8] |= (unsigned char)(1U << i % 8);
			n = n > i / 8 + 1 ? n : i / 8 + 1;
		}
		p = end;
	}
	for (size_t i = 0; i < n; i++)
		json_array_append_new(value, json_integer(bytes[i]));
	add_optional(list, name, "ay", value);
}

/*
 * systemd keeps whole percents of a CPU: rounded up, or the container would get less than was
 * asked.
 */
static void add_quota(json_t *list, int64_t quota, int64_t period)
{
	int64_t us;

	if (is_set(period))
		add_optional(list, "CPUQuotaPeriodUSec", "t", json_integer(period));
	if (!is_set(quota) && !is_set(period))
		return;
	if (quota <= 0) {
		add_u64(list, "CPUQuotaPerSecUSec", INFINITE);
		return;
	}
	us = (int64_t)((__int128)quota * 1000000 / (is_set(period) ? period : 100000));
	add_u64(list, "CPUQuotaPerSecUSec", (us + 9999) / 10000 * 10000);
}

static void add_memory(json_t *list, bool v2, const struct oci_resources *res)
{
	if (is_set(res->memory_limit))
		add_u64(list, v2 ? "MemoryMax" : "MemoryLimit", res->memory_limit);
	if (!v2)
		return;
	if (is_set(res->memory_reservation))
		add_u64(list, "MemoryLow", res->memory_reservation);
	if (res->memory_swap < 0 && res->memory_swap != OCI_UNSET)
		add_u64(list, "MemorySwapMax", INFINITE);
	else if (is_set(res->memory_swap) && res->memory_limit > 0 &&
		 res->memory_swap >= res->memory_limit)
		add_u64(list, "MemorySwapMax", res->memory_swap - res->memory_limit);
}

/* A weight of 0 is systemd's word for "idle". */
static void add_cpu(json_t *list, bool v2, const struct oci_resources *res)
{
	if (v2 && res->cpu_idle == 1)
		add_u64(list, "CPUWeight", 0);
	else if (is_set(res->cpu_shares) && v2)
		add_u64(list, "CPUWeight",
			(int64_t)cgroup_v2_cpu_weight((uint64_t)res->cpu_shares));
	else if (is_set(res->cpu_shares))
		add_u64(list, "CPUShares", res->cpu_shares);
	add_quota(list, res->cpu_quota == OCI_UNSET ? 0 : res->cpu_quota,
		res->cpu_period == OCI_UNSET ? 0 : res->cpu_period);
	if (v2 && res->cpus && *res->cpus)
		add_bits(list, "AllowedCPUs", res->cpus);
	if (v2 && res->mems && *res->mems)
		add_bits(list, "AllowedMemoryNodes", res->mems);
}

/* Files of v2 that systemd has a word for; it would write its own default into them. */
static const struct {
	const char *file, *property;
	enum { NUMBER, BITS, QUOTA, IDLE } kind;
} unified_words[] = {
	{"cpu.idle", "CPUWeight", IDLE},
	{"cpu.max", "CPUQuotaPerSecUSec", QUOTA},
	{"cpu.weight", "CPUWeight", NUMBER},
	{"cpuset.cpus", "AllowedCPUs", BITS},
	{"cpuset.mems", "AllowedMemoryNodes", BITS},
	{"memory.high", "MemoryHigh", NUMBER},
	{"memory.low", "MemoryLow", NUMBER},
	{"memory.max", "MemoryMax", NUMBER},
	{"memory.min", "MemoryMin", NUMBER},
	{"memory.swap.max", "MemorySwapMax", NUMBER},
	{"memory.zswap.max", "MemoryZSwapMax", NUMBER},
	{"pids.max", "TasksMax", NUMBER},
};

/* "max 100000", "50000", "50000 100000" */
static void add_cpu_max(json_t *list, const char *value)
{
	const char *period = strchr(value, ' ');

	add_quota(list, str_starts(value, "max") ? -1 : strtoll(value, NULL, 10),
		period ? strtoll(period + 1, NULL, 10) : 0);
}

/* A value that is not as the kernel's documentation has it is left to the kernel to judge. */
static void add_unified_one(json_t *list, size_t i, const char *value)
{
	const char *property = unified_words[i].property;
	long number = INFINITE;

	switch (unified_words[i].kind) {
	case BITS:
		add_bits(list, property, value);
		break;
	case QUOTA:
		add_cpu_max(list, value);
		break;
	case IDLE:
		if (strcmp(value, "1") == 0)
			add_optional(list, property, "t", json_integer(0));
		break;
	case NUMBER:
		if (strcmp(value, "max") == 0 || str_to_long(value, 0, LONG_MAX, &number))
			add_optional(list, property, "t", json_integer(number));
		break;
	}
}

static void add_unified(json_t *list, const struct oci_resources *res)
{
	for (char *const *u = res->unified; u && *u; u++) {
		size_t n = strcspn(*u, "=");

		for (size_t i = 0; (*u)[n] && i < ARRAY_LEN(unified_words); i++)
			if (strlen(unified_words[i].file) == n &&
				strncmp(unified_words[i].file, *u, n) == 0)
				add_unified_one(list, i, *u + n + 1);
	}
}

void cgroup_properties_limits(json_t *list, const struct oci_resources *res, bool v2)
{
	add_memory(list, v2, res);
	add_cpu(list, v2, res);
	/* systemd takes no 0; the file itself gets it from us. */
	if (res->pids_limit != OCI_UNSET)
		add_u64(list, "TasksMax", res->pids_limit == 0 ? 1 : res->pids_limit);
	if (is_set(res->blkio_weight) && v2)
		add_optional(list, "IOWeight", "t",
			json_integer((json_int_t)cgroup_v2_io_weight((uint64_t)res->blkio_weight)));
	else if (is_set(res->blkio_weight))
		add_optional(list, "BlockIOWeight", "t", json_integer(res->blkio_weight));
	if (v2)
		add_unified(list, res);
}

/* ---- devices */

/* "136 pts" under "Character devices:" to "char-pts". New string or NULL. */
static char *group_name(char type, int64_t major)
{
	cleanup_free char *text = NULL;
	const char *part, *title = type == 'b' ? "Block devices:" : "Character devices:";
	struct err ignored;

	if (fd_read_file(AT_FDCWD, "/proc/devices", 1 << 16, &text, NULL, &ignored) < 0)
		return NULL;
	part = strstr(text, title);
	for (const char *l = part ? strchr(part, '\n') : NULL; l; l = strchr(l + 1, '\n')) {
		char name[64];
		long long number;

		if (l[1] == '\n' || sscanf(l + 1, "%lld %63s", &number, name) != 2)
			break;
		if (number == major)
			return str_format("%s-%s", type == 'b' ? "block" : "char", name);
	}
	return NULL;
}

/* How systemd names a rule's devices: a node, a driver's group, or all; NULL: it has no name. */
static char *allow_name(const struct oci_device_rule *r)
{
	const char *kind = r->type == 'b' ? "block" : "char";

	if (r->major < 0)
		return r->minor < 0 ? str_format("%s-*", kind) : NULL;
	if (r->minor < 0)
		return group_name(r->type, r->major);
	return str_format("/dev/%s/%lld:%lld", kind, (long long)r->major, (long long)r->minor);
}

int cgroup_properties_devices(json_t *list, const struct oci_resources *res, struct err *e)
{
	struct device_rules rules;
	int r = device_rules_make(res, &rules, e);
	json_t *allow = json_array();

	if (r < 0) {
		json_decref(allow);
		return r;
	}
	/* What systemd has no name for, and refusals within a permission, are set by us alone. */
	for (size_t i = 1; !rules.list[0].allow && i < rules.n; i++) {
		cleanup_free char *name = rules.list[i].allow ? allow_name(&rules.list[i]) : NULL;

		if (name)
			json_array_append_new(
				allow, json_pack("[s, s]", name, rules.list[i].access));
	}
	cgroup_properties_add(
		list, "DevicePolicy", "s", json_string(rules.list[0].allow ? "auto" : "strict"));
	cgroup_properties_add(list, "DeviceAllow", "a(ss)", allow);
	device_rules_done(&rules);
	return 0;
}

/* ---- annotations */

#define PREFIX "org.systemd.property."

static bool is_property_name(const char *name, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!isalpha((unsigned char)name[i]))
			return false;
	return n >= 3 && isupper((unsigned char)name[0]);
}

/* "TimeoutStopSec" = 5 is set as TimeoutStopUSec = 5000000. New name or NULL. */
static char *in_microseconds(const char *name, struct variant *v)
{
	size_t n = strlen(name) - strlen("Sec");
	double seconds = json_number_value(v->value);

	if (!json_is_number(v->value) || strlen(v->type) != 1 || seconds < 0 || seconds > 9e12)
		return NULL;
	json_decref(v->value);
	v->value = json_integer((json_int_t)(seconds * 1e6));
	v->type[0] = 't';
	v->type[1] = '\0';
	return str_format("%.*sUSec", (int)n, name);
}

static int add_annotation(json_t *list, const char *name, const char *value, struct err *e)
{
	cleanup_free char *usec = NULL;
	struct variant v = {0};
	int r = variant_parse(value, &v, e);

	if (r < 0)
		return err_wrap(e, "annotation " PREFIX "%s", name);
	if (str_ends(name, "Sec") && !str_ends(name, "USec")) {
		usec = in_microseconds(name, &v);
		if (!usec)
			r = err_say(e, EINVAL,
				"annotation " PREFIX "%s=%s: a number of seconds is needed", name,
				value);
	}
	if (r == 0)
		cgroup_properties_add(list, usec ? usec : name, v.type, json_incref(v.value));
	variant_done(&v);
	return r;
}

int cgroup_properties_annotations(json_t *list, char *const *annotations, struct err *e)
{
	int r = 0;

	for (char *const *a = annotations; r == 0 && a && *a; a++) {
		const char *key = *a + strlen(PREFIX);
		size_t n = str_starts(*a, PREFIX) ? strcspn(key, "=") : 0;
		cleanup_free char *name = NULL;

		if (!str_starts(*a, PREFIX))
			continue;
		if (!key[n] || !is_property_name(key, n))
			return err_say(e, EINVAL,
				"annotation " PREFIX "%.*s: no name of a systemd property", (int)n,
				key);
		name = strndup(key, n);
		if (!name)
			return err_set(e, ENOMEM, "annotations");
		r = add_annotation(list, name, key + n + 1, e);
	}
	return r;
}
