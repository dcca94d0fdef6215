#include "shim/cgroup_impl.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/json.h"
#include "base/ptr.h"
#include "base/str.h"
#include "shim/libexec.h"

/*
 * Theory of operation. systemd owns the tree of groups; what is asked of it travels over D-Bus.
 * This program is static and must start quickly, so that conversation is bottle-systemd's, a
 * program of its own (shim/systemd_main.c): request as JSON on descriptor 0, answer as JSON on
 * descriptor 1.
 *
 * A scope can only be made of a living process, but the container's init is to be born in its group
 * (CLONE_INTO_CGROUP). So bottle-systemd makes the scope with a placeholder and keeps that alive
 * until descriptor 3 says end of file: at cgroup_settle, or when this program dies, whereupon
 * systemd removes an empty scope by itself.
 *
 * Limits are told to systemd, too, so that a `daemon-reload` sets the same ones again; all of them
 * are afterwards written by us like those of any other group.
 */

#define PROGRAM	   "bottle-systemd"
#define ANSWER_MAX (64U << 10)
#define HOLD_FD	   3
/* systemd's words for "no limit". */
#define INFINITE INT64_C(-1)

static bool is_set(int64_t v)
{
	return v != OCI_UNSET && v != 0;
}

/* Types are D-Bus signatures: s string, b boolean, t uint64 (-1: no limit). */
static void add(json_t *list, const char *name, const char *type, json_t *value)
{
	json_array_append_new(
		list, json_pack("{s:s, s:s, s:o}", "name", name, "type", type, "value", value));
}

static void add_u64(json_t *list, const char *name, int64_t value)
{
	add(list, name, "t", json_integer(value < 0 ? INFINITE : value));
}

/*
 * systemd keeps whole percents of a CPU: rounded up, or the container would get less than was
 * asked.
 */
static int64_t quota_per_second(const struct oci_resources *res)
{
	int64_t period = is_set(res->cpu_period) ? res->cpu_period : 100000, us;

	if (res->cpu_quota <= 0)
		return INFINITE;
	us = res->cpu_quota * 1000000 / period;
	return (us + 9999) / 10000 * 10000;
}

static void add_memory(json_t *list, bool v2, const struct oci_resources *res)
{
	if (is_set(res->memory_limit))
		add_u64(list, v2 ? "MemoryMax" : "MemoryLimit", res->memory_limit);
	if (!v2)
		return;
	if (is_set(res->memory_reservation))
		add_u64(list, "MemoryLow", res->memory_reservation);
	if (is_set(res->memory_swap) && res->memory_limit > 0)
		add_u64(list, "MemorySwapMax",
			res->memory_swap < 0 ? INFINITE : res->memory_swap - res->memory_limit);
}

/* Files of v2 that systemd has a word for; it would write its own default into them. */
static const struct {
	const char *file, *property;
} unified_words[] = {
	{"cpu.weight", "CPUWeight"},
	{"memory.high", "MemoryHigh"},
	{"memory.low", "MemoryLow"},
	{"memory.max", "MemoryMax"},
	{"memory.min", "MemoryMin"},
	{"memory.swap.max", "MemorySwapMax"},
	{"pids.max", "TasksMax"},
};

/* A value that is neither a number nor "max" is left to the kernel to judge. */
static void add_unified(json_t *list, const struct oci_resources *res)
{
	for (char *const *u = res->unified; u && *u; u++) {
		size_t n = strcspn(*u, "=");
		const char *value = (*u)[n] ? *u + n + 1 : "";
		long number = INFINITE;

		if (strcmp(value, "max") != 0 && !str_to_long(value, 0, LONG_MAX, &number))
			continue;
		for (size_t i = 0; i < ARRAY_LEN(unified_words); i++)
			if (strlen(unified_words[i].file) == n &&
				strncmp(unified_words[i].file, *u, n) == 0)
				add_u64(list, unified_words[i].property, number);
	}
}

static void add_limits(json_t *list, bool v2, const struct oci_resources *res)
{
	add_memory(list, v2, res);
	if (is_set(res->cpu_shares) && v2)
		add_u64(list, "CPUWeight",
			(int64_t)cgroup_v2_cpu_weight((uint64_t)res->cpu_shares));
	if (is_set(res->cpu_shares) && !v2)
		add_u64(list, "CPUShares", res->cpu_shares);
	if (is_set(res->cpu_quota))
		add_u64(list, "CPUQuotaPerSecUSec", quota_per_second(res));
	if (is_set(res->cpu_period))
		add_u64(list, "CPUQuotaPeriodUSec", res->cpu_period);
	if (is_set(res->pids_limit))
		add_u64(list, "TasksMax", res->pids_limit);
	if (v2)
		add_unified(list, res);
}

static json_t *scope_properties(const struct cgroup *cg, const struct oci_resources *res)
{
	static const char *const on[] = {
		"Delegate", "MemoryAccounting", "CPUAccounting", "TasksAccounting", "IOAccounting"};
	json_t *list = json_array();

	add(list, "Description", "s", json_sprintf("bottle-shim container %s", cg->unit));
	add(list, "Slice", "s", json_string(cg->slice));
	add(list, "DefaultDependencies", "b", json_false());
	for (size_t i = 0; i < ARRAY_LEN(on); i++)
		add(list, on[i], "b", json_true());
	add_limits(list, cgroup_is_pure_v2(cg), res);
	return list;
}

struct pipes {
	int request; /* memfd */
	int answer_r, answer_w;
	int hold_r, hold_w;
};

static void pipes_done(struct pipes *p)
{
	fd_close(&p->request);
	fd_close(&p->answer_r);
	fd_close(&p->answer_w);
	fd_close(&p->hold_r);
	fd_close(&p->hold_w);
}

static int pipes_make(struct pipes *p, json_t *request, struct err *e)
{
	cleanup_free char *text = json_dumps(request, JSON_COMPACT);
	int answer[2], hold[2];

	*p = (struct pipes){-1, -1, -1, -1, -1};
	if (!text)
		return err_set(e, ENOMEM, "ask systemd");
	p->request = fd_memfd("systemd request", text, strlen(text), e);
	if (p->request < 0)
		return p->request;
	if (pipe2(answer, O_CLOEXEC) < 0)
		return err_set(e, errno, "pipe");
	p->answer_r = answer[0];
	p->answer_w = answer[1];
	if (pipe2(hold, O_CLOEXEC) < 0)
		return err_set(e, errno, "pipe");
	p->hold_r = hold[0];
	p->hold_w = hold[1];
	return 0;
}

static int spawn(const struct pipes *p, struct proc *ret, struct err *e)
{
	char *const argv[] = {(char *)PROGRAM, NULL};
	const struct proc_fd fds[] = {
		{p->request, STDIN_FILENO}, {p->answer_w, STDOUT_FILENO}, {p->hold_r, HOLD_FD}};
	/* Where the bus of a user (rootless) is found; the system's has a fixed place. */
	static const char *const pass[] = {"XDG_RUNTIME_DIR", "DBUS_SESSION_BUS_ADDRESS"};
	struct proc_spec spec = {.argv = argv, .fds = fds, .n_fds = ARRAY_LEN(fds)};
	cleanup_strv char **env = NULL;
	cleanup_fd int program = -1;
	int r = libexec_open(PROGRAM, &program, e);

	if (r < 0)
		return r;
	for (size_t i = 0; geteuid() != 0 && i < ARRAY_LEN(pass); i++)
		if (getenv(pass[i]) && env_set(&env, pass[i], getenv(pass[i])) < 0)
			return err_set(e, ENOMEM, "ask systemd");
	spec.exec_fd = program;
	spec.envp = env;
	return proc_spawn(&spec, ret, e);
}

/* {"errno": N, "error": "…"} or the result. */
static int read_answer(int fd, json_t **ret, struct err *e)
{
	cleanup_free char *text = NULL, *error = NULL;
	cleanup_json json_t *j = NULL;
	struct json_at at;
	int64_t code = EIO;
	size_t len;
	int r = fd_read_all(fd, PROGRAM, ANSWER_MAX, &text, &len, e);

	if (r < 0)
		return r;
	if (len == 0)
		return err_say(e, EIO, PROGRAM " gave no answer");
	r = json_parse(text, len, PROGRAM, &j, e);
	if (r < 0)
		return r;
	at = json_root(j, PROGRAM);
	r = json_get_str(&at, "error", &error, e);
	if (r > 0)
		r = json_get_int(&at, "errno", 1, 4095, &code, e);
	if (error)
		return err_say(e, (int)code, "%s", error);
	*ret = steal_ptr(&j);
	return r < 0 ? r : 0;
}

/* Takes request. hold: keep bottle-systemd in cg->helper; else wait for its end. */
static int ask(struct cgroup *cg, json_t *request, bool hold, json_t **ret, struct err *e)
{
	cleanup_json json_t *owned = request;
	cleanup_proc struct proc p = PROC_NONE;
	struct pipes pipes;
	int r = pipes_make(&pipes, owned, e);

	if (r == 0)
		r = spawn(&pipes, &p, e);
	fd_close(&pipes.answer_w);
	if (r == 0)
		r = read_answer(pipes.answer_r, ret, e);
	if (r == 0 && hold) {
		cg->helper = p;
		cg->helper_in = steal_fd(&pipes.hold_w);
		p = PROC_NONE;
	}
	pipes_done(&pipes);
	return r < 0 ? err_wrap(e, "systemd: %s", cg->unit) : 0;
}

static int ask_and_forget(struct cgroup *cg, json_t *request, struct err *e)
{
	cleanup_json json_t *answer = NULL;

	return ask(cg, request, false, &answer, e);
}

static int take_paths(struct cgroup *cg, const char *group, struct err *e)
{
	for (size_t i = 0; i < cg->n; i++) {
		free(cg->h[i].path);
		cg->h[i].path = cgroup_path_clean(group);
		if (!cg->h[i].path)
			return err_set(e, ENOMEM, "cgroup path");
	}
	return 0;
}

int cgroup_systemd_start(struct cgroup *cg, const struct oci_resources *res, struct err *e)
{
	cleanup_json json_t *answer = NULL;
	cleanup_free char *group = NULL;
	struct json_at at;
	int r = ask(cg,
		json_pack("{s:s, s:s, s:o}", "do", "start", "unit", cg->unit, "properties",
			scope_properties(cg, res)),
		true, &answer, e);

	if (r < 0)
		return r;
	at = json_root(answer, PROGRAM);
	r = json_need_str(&at, "cgroup", &group, e);
	if (r < 0)
		return r;
	return take_paths(cg, group, e);
}

int cgroup_systemd_stop(struct cgroup *cg, struct err *e)
{
	return ask_and_forget(cg, json_pack("{s:s, s:s}", "do", "stop", "unit", cg->unit), e);
}

int cgroup_systemd_update(struct cgroup *cg, const struct oci_resources *res, struct err *e)
{
	json_t *properties = json_array();

	add_limits(properties, cgroup_is_pure_v2(cg), res);
	if (json_array_size(properties) == 0) {
		json_decref(properties);
		return 0;
	}
	return ask_and_forget(cg,
		json_pack(
			"{s:s, s:s, s:o}", "do", "set", "unit", cg->unit, "properties", properties),
		e);
}

void cgroup_systemd_release(struct cgroup *cg)
{
	struct err ignored;

	if (cg->helper.pid == 0)
		return;
	/* It ends its placeholder, waits for it, and ends. */
	fd_close(&cg->helper_in);
	proc_wait(&cg->helper, -1, NULL, &ignored);
}
