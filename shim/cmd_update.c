#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/json.h"
#include "base/ptr.h"
#include "base/str.h"
#include "shim/cmd.h"
#include "shim/options.h"
#include "shim/state.h"

#define RESOURCES_MAX (1U << 20)
#define LOCK_MS	      10000

/* An option and where its value stands in the resources document. */
static const struct {
	const char *option;
	const char *section, *member;
	enum { NUMBER, BYTES, TEXT } kind;
	const char *help;
} limits[] = {
	{"memory", "memory", "limit", BYTES, "memory limit, bytes"},
	{"memory-reservation", "memory", "reservation", BYTES, "memory kept, bytes"},
	{"memory-swap", "memory", "swap", BYTES, "memory and swap together, bytes; -1: no limit"},
	{"cpu-period", "cpu", "period", NUMBER, "length of a CPU period, microseconds"},
	{"cpu-quota", "cpu", "quota", NUMBER, "CPU time in a period, microseconds"},
	{"cpu-burst", "cpu", "burst", NUMBER, "CPU time that can be saved up, microseconds"},
	{"cpu-share", "cpu", "shares", NUMBER, "weight of the CPU, 2 to 262144"},
	{"cpu-rt-period", "cpu", "realtimePeriod", NUMBER, "real-time period, microseconds"},
	{"cpu-rt-runtime", "cpu", "realtimeRuntime", NUMBER, "real-time share, microseconds"},
	{"cpu-idle", "cpu", "idle", NUMBER, "1: only while nobody else wants the CPU"},
	{"cpuset-cpus", "cpu", "cpus", TEXT, "CPUs to use"},
	{"cpuset-mems", "cpu", "mems", TEXT, "memory nodes to use"},
	{"pids-limit", "pids", "limit", NUMBER, "number of processes"},
	{"blkio-weight", "blockIO", "weight", NUMBER, "weight of I/O, 10 to 1000"},
};

#define N_LIMITS ARRAY_LEN(limits)

/* "512m" and the like. */
static int parse_bytes(const char *text, json_int_t *ret)
{
	static const char units[] = "kmgt";
	char *end;
	const char *unit;

	errno = 0;
	*ret = strtoll(text, &end, 10);
	if (end == text || errno)
		return -EINVAL;
	unit = *end ? strchr(units, *end | 0x20) : NULL;
	for (int i = unit ? (int)(unit - units) : -1; i >= 0; i--)
		if (__builtin_mul_overflow(*ret, 1024, ret))
			return -ERANGE;
	end += unit != NULL;
	end += (*end | 0x20) == 'b';
	return *end ? -EINVAL : 0;
}

static int value_of(size_t i, const char *text, json_t **ret, struct err *e)
{
	json_int_t n;
	long number;

	if (limits[i].kind == TEXT) {
		*ret = json_string(text);
		return 0;
	}
	if (limits[i].kind == BYTES && parse_bytes(text, &n) < 0)
		return err_say(e, EINVAL, "invalid value '%s' for --%s: bytes, or with k, m, g",
			text, limits[i].option);
	if (limits[i].kind == NUMBER) {
		if (!str_to_long(text, LONG_MIN, LONG_MAX, &number))
			return err_say(e, EINVAL, "invalid value '%s' for --%s: a number", text,
				limits[i].option);
		n = number;
	}
	*ret = json_integer(n);
	return 0;
}

static int document_of_options(const char *const values[], char **ret, struct err *e)
{
	cleanup_json json_t *doc = json_object();

	for (size_t i = 0; i < N_LIMITS; i++) {
		json_t *section = json_object_get(doc, limits[i].section), *value;
		int r = values[i] ? value_of(i, values[i], &value, e) : 0;

		if (r < 0)
			return r;
		if (!values[i])
			continue;
		if (!section) {
			section = json_object();
			json_object_set_new(doc, limits[i].section, section);
		}
		json_object_set_new(section, limits[i].member, value);
	}
	*ret = json_dumps(doc, JSON_COMPACT);
	return *ret ? 0 : err_set(e, ENOMEM, "update");
}

/* With a file all other options are ignored, as in runc. */
static int read_resources(
	const char *file, const char *const values[], struct oci_resources **ret, struct err *e)
{
	cleanup_free char *text = NULL;
	size_t len = 0;
	int r;

	if (file && strcmp(file, "-") == 0)
		r = fd_read_all(STDIN_FILENO, "standard input", RESOURCES_MAX, &text, &len, e);
	else if (file)
		r = fd_read_file(AT_FDCWD, file, RESOURCES_MAX, &text, &len, e);
	else
		r = document_of_options(values, &text, e);
	if (r < 0)
		return r;
	return oci_resources_parse(text, file ? len : strlen(text), "resources", ret, e);
}

static int update(
	const struct globals *g, const char *id, const struct oci_resources *res, struct err *e)
{
	cleanup_state struct state *s = NULL;
	cleanup_cgroup struct cgroup *cg = NULL;
	int r = state_load(g->root, id, &s, e);

	if (r == 0)
		r = state_lock(s, LOCK_MS, e);
	if (r == 0 && state_status(s) == STATE_STOPPED)
		r = err_say(e, ESRCH, "container not running");
	if (r == 0)
		r = state_cgroup(s, &cg, e);
	return r < 0 ? r : cgroup_apply(cg, res, e);
}

static int run(const struct globals *g, int argc, char **argv, struct err *e)
{
	const char *file = NULL, *values[N_LIMITS] = {NULL};
	struct option_def defs[N_LIMITS + 1] = {
		{"resources", 'r', OPTION_STRING, &file, "FILE",
			"resources as JSON; '-': standard input"},
	};
	struct options o = {.program = "bottle-shim update",
		.usage = cmd_update.usage,
		.help = cmd_update.help,
		.defs = defs,
		.n_defs = ARRAY_LEN(defs)};
	struct oci_resources *res = NULL;
	int n, r;

	for (size_t i = 0; i < N_LIMITS; i++)
		defs[i + 1] = (struct option_def){
			limits[i].option, 0, OPTION_STRING, &values[i], "VALUE", limits[i].help};
	n = options_parse(&o, argc, argv, e);
	if (n < 0 || n == OPTIONS_HELP)
		return n;
	r = options_need(&o, n, 1, 1, e);
	if (r == 0)
		r = read_resources(file, values, &res, e);
	if (r == 0)
		r = update(g, argv[1], res, e);
	oci_resources_free(res);
	return r;
}

const struct command cmd_update = {
	.name = "update",
	.usage = "[options] ID",
	.help = "Change the limits of a container.",
	.run = run,
};
