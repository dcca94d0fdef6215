#include "shim/update_document.h"

#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/ptr.h"
#include "base/str.h"

const struct update_option update_options[] = {
	{"memory", "memory", "limit", UPDATE_BYTES, "memory limit, bytes; -1: none"},
	{"memory-reservation", "memory", "reservation", UPDATE_BYTES, "memory kept, bytes"},
	{"memory-swap", "memory", "swap", UPDATE_BYTES,
		"memory and swap together, bytes; -1: none"},
	{"cpu-period", "cpu", "period", UPDATE_NUMBER, "length of a CPU period, microseconds"},
	{"cpu-quota", "cpu", "quota", UPDATE_NUMBER, "CPU time in a period, microseconds; -1: all"},
	{"cpu-burst", "cpu", "burst", UPDATE_NUMBER, "CPU time that can be saved up, microseconds"},
	{"cpu-share", "cpu", "shares", UPDATE_NUMBER, "weight of the CPU, 2 to 262144"},
	{"cpu-rt-period", "cpu", "realtimePeriod", UPDATE_NUMBER, "real-time period, microseconds"},
	{"cpu-rt-runtime", "cpu", "realtimeRuntime", UPDATE_NUMBER,
		"real-time share, microseconds"},
	{"cpu-idle", "cpu", "idle", UPDATE_NUMBER, "1: only while nobody else wants the CPU"},
	{"cpuset-cpus", "cpu", "cpus", UPDATE_TEXT, "CPUs to use"},
	{"cpuset-mems", "cpu", "mems", UPDATE_TEXT, "memory nodes to use"},
	{"pids-limit", "pids", "limit", UPDATE_NUMBER, "number of processes; -1: no limit"},
	{"blkio-weight", "blockIO", "weight", UPDATE_NUMBER, "weight of I/O, 10 to 1000"},
	{"kernel-memory", NULL, NULL, UPDATE_BYTES, "ignored: Linux has no such limit any more"},
	{"kernel-memory-tcp", NULL, NULL, UPDATE_BYTES, "ignored, as --kernel-memory"},
};

const size_t update_n_options = ARRAY_LEN(update_options);

/* The power of 1024 that a unit stands for; -1: it is none. */
static int power_of(const char *unit)
{
	static const char letters[] = "bkmgtp";
	const char *l = *unit ? strchr(letters, *unit | 0x20) : letters;
	const char *rest = unit + (*unit != '\0');

	if (!l)
		return -1;
	if (l != letters && (*rest | 0x20) == 'i')
		rest++;
	if (l != letters && (*rest | 0x20) == 'b')
		rest++;
	return *rest ? -1 : (int)(l - letters);
}

int update_parse_bytes(const char *text, json_int_t *ret)
{
	size_t digits = strspn(text, "0123456789.");
	const char *unit = text + digits;
	char *end;
	double v;
	int power;

	if (strcmp(text, "-1") == 0) {
		*ret = -1;
		return 0;
	}
	if (!digits || text[0] == '.' || text[digits - 1] == '.')
		return -EINVAL;
	v = strtod(text, &end);
	if (end != unit)
		return -EINVAL;
	unit += *unit == ' ';
	power = power_of(unit);
	if (power < 0)
		return -EINVAL;
	v *= pow(1024, power);
	if (v >= 9.2e18)
		return -ERANGE;
	/* Whole numbers are not left to a double's 53 bits. */
	*ret = power == 0 && !memchr(text, '.', digits) ? strtoll(text, NULL, 10) : (json_int_t)v;
	return 0;
}

static int value_of(const struct update_option *o, const char *text, json_t **ret, struct err *e)
{
	json_int_t n = 0;
	long number = 0;
	int r = 0;

	if (o->kind == UPDATE_TEXT) {
		*ret = json_string(text);
		return *ret ? 0 : err_say(e, EINVAL, "invalid value for --%s: no text", o->name);
	}
	if (o->kind == UPDATE_BYTES)
		r = update_parse_bytes(text, &n);
	else if (str_to_long(text, LONG_MIN, LONG_MAX, &number))
		n = number;
	else
		r = -EINVAL;
	if (r < 0)
		return err_say(e, -r, "invalid value '%s' for --%s: %s", text, o->name,
			o->kind == UPDATE_BYTES ? "bytes, or with k, m, g, t; -1 for no limit"
						: "a whole number");
	*ret = json_integer(n);
	return 0;
}

int update_from_options(const char *const values[], json_t **ret, struct err *e)
{
	cleanup_json json_t *doc = json_object();

	for (size_t i = 0; i < update_n_options; i++) {
		const struct update_option *o = &update_options[i];
		cleanup_json json_t *value = NULL;
		json_t *section;
		int r = values[i] ? value_of(o, values[i], &value, e) : 0;

		if (r < 0)
			return r;
		if (!values[i] || !o->section)
			continue;
		section = json_object_get(doc, o->section);
		if (!section) {
			section = json_object();
			json_object_set_new(doc, o->section, section);
		}
		if (json_object_set(section, o->member, value) < 0)
			return err_set(e, ENOMEM, "update");
	}
	*ret = steal_ptr(&doc);
	return 0;
}

static void drop_unset(json_t *doc)
{
	static const char *const sections[] = {"memory", "cpu", "blockIO"};
	static const char *const zero_is_meant[] = {"idle", "burst", "swappiness", NULL};
	const char *key;
	json_t *value;
	void *next;

	for (size_t i = 0; i < ARRAY_LEN(sections); i++) {
		json_t *section = json_object_get(doc, sections[i]);

		json_object_foreach_safe(section, next, key, value)
		{
			bool zero = json_is_integer(value) && json_integer_value(value) == 0;
			bool empty = json_is_string(value) && !*json_string_value(value);

			if (empty || json_is_null(value) ||
				(zero && !strv_has((char *const *)zero_is_meant, key)))
				json_object_del(section, key);
		}
	}
}

void update_settle(json_t *doc)
{
	json_t *memory = json_object_get(doc, "memory"), *limit;

	drop_unset(doc);
	limit = json_object_get(memory, "limit");
	if (json_is_integer(limit) && json_integer_value(limit) == -1 &&
		!json_object_get(memory, "swap"))
		json_object_set_new(memory, "swap", json_integer(-1));
}

/* The member of that name, made when it is missing. Borrowed. */
static json_t *object_in(json_t *of, const char *key)
{
	json_t *j = json_object_get(of, key);

	if (!json_is_object(j))
		json_object_set_new(of, key, json_object());
	return json_object_get(of, key);
}

int update_merge(json_t *config, const json_t *doc, struct err *e)
{
	json_t *section = object_in(config, "linux");
	json_t *resources = section ? object_in(section, "resources") : NULL;

	if (!resources || json_object_update_recursive(resources, (json_t *)doc) < 0)
		return err_set(e, ENOMEM, "update");
	return 0;
}
