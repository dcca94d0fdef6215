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
#include "shim/cgroup_properties.h"
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

/* A slice has no processes of its own and belongs to no other slice but by its name. */
static bool is_slice(const struct cgroup *cg)
{
	return str_ends(cg->unit, ".slice");
}

static void add_scope(json_t *list, const struct cgroup *cg)
{
	static const char *const on[] = {
		"Delegate", "MemoryAccounting", "CPUAccounting", "TasksAccounting", "IOAccounting"};

	cgroup_properties_add(
		list, "Description", "s", json_sprintf("bottle-shim container %s", cg->unit));
	if (!is_slice(cg))
		cgroup_properties_add(list, "Slice", "s", json_string(cg->slice));
	cgroup_properties_add(list, "DefaultDependencies", "b", json_false());
	for (size_t i = is_slice(cg) ? 1 : 0; i < ARRAY_LEN(on); i++)
		cgroup_properties_add(list, on[i], "b", json_true());
}

/* Later ones win: what annotations name is the caller's own business. */
static int scope_properties(const struct cgroup *cg, const struct oci_resources *res,
	char *const *annotations, json_t **ret, struct err *e)
{
	cleanup_json json_t *list = json_array();
	int r = 0;

	add_scope(list, cg);
	cgroup_properties_limits(list, res, cgroup_is_pure_v2(cg));
	if (!cgroup_is_pure_v2(cg) && !is_slice(cg))
		r = cgroup_properties_devices(list, res, e);
	if (r == 0)
		r = cgroup_properties_annotations(list, annotations, e);
	*ret = steal_ptr(&list);
	return r;
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

static int take_answer(struct cgroup *cg, json_t *answer, struct err *e)
{
	struct json_at at = json_root(answer, PROGRAM);
	cleanup_free char *group = NULL;
	int64_t pid = 0;
	int r = json_need_str(&at, "cgroup", &group, e);

	if (r >= 0)
		r = json_get_int(&at, "pid", 0, INT32_MAX, &pid, e);
	if (r < 0)
		return r;
	cg->placeholder = (pid_t)pid;
	return take_paths(cg, group, e);
}

int cgroup_systemd_start(
	struct cgroup *cg, const struct oci_resources *res, char *const *annotations, struct err *e)
{
	cleanup_json json_t *answer = NULL, *properties = NULL;
	int r = scope_properties(cg, res, annotations, &properties, e);

	if (r == 0)
		r = ask(cg,
			json_pack("{s:s, s:s, s:O}", "do", "start", "unit", cg->unit, "properties",
				properties),
			true, &answer, e);
	return r < 0 ? r : take_answer(cg, answer, e);
}

int cgroup_systemd_stop(struct cgroup *cg, struct err *e)
{
	return ask_and_forget(cg, json_pack("{s:s, s:s}", "do", "stop", "unit", cg->unit), e);
}

int cgroup_systemd_update(struct cgroup *cg, const struct oci_resources *res, struct err *e)
{
	json_t *properties = json_array();

	cgroup_properties_limits(properties, res, cgroup_is_pure_v2(cg));
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
	cg->placeholder = 0;
	/* It ends its placeholder, waits for it, and ends. */
	fd_close(&cg->helper_in);
	proc_wait(&cg->helper, -1, NULL, &ignored);
}
