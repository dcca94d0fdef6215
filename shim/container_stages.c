#include "shim/container_stages.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "base/fd.h"
#include "base/msg.h"
#include "base/path.h"
#include "base/ptr.h"
#include "base/str.h"
#include "shim/hooks.h"
#include "shim/idmap.h"
#include "shim/init.h"
#include "shim/latch.h"
#include "shim/net_device.h"
#include "shim/process.h"
#include "shim/seccomp_agent.h"
#include "shim/userns.h"

/* init has ended without a word: all there is to tell is how. */
static int init_died(struct container *c, struct err *e)
{
	int status = 0, r;

	fd_close(&c->sync);
	r = proc_wait(&c->init, 10000, &status, e);
	if (r <= 0)
		return r < 0 ? r : err_say(e, EIO, "the container's init does not answer");
	if (WIFSIGNALED(status))
		return err_say(e, EIO, "the container's init was killed by signal %d%s",
			WTERMSIG(status), WTERMSIG(status) == SIGKILL ? " (out of memory?)" : "");
	return err_say(e, EIO, "the container's init ended with status %d", WEXITSTATUS(status));
}

static int take_error(const struct msg *m, struct err *e)
{
	if (m->len != sizeof(*e))
		return err_say(e, EPROTO, "a malformed error from the container's init");
	memcpy(e, m->body, sizeof(*e));
	e->msg[sizeof(e->msg) - 1] = '\0';
	if (e->code <= 0)
		e->code = EINVAL;
	return -e->code;
}

static int expect(struct container *c, enum init_stage stage, struct msg *m, struct err *e)
{
	int r = msg_recv(c->sync, m, e);

	if (r < 0)
		return r;
	if (r == 0)
		return init_died(c, e);
	if (m->type == INIT_FAILED)
		return take_error(m, e);
	return m->type == stage ? 0 : err_say(e, EPROTO, "stage %u instead of %d", m->type, stage);
}

static int tell(struct container *c, enum init_stage stage, struct err *e)
{
	return msg_send(c->sync, stage, "", 0, NULL, 0, e);
}

/* ---- the stages, in the order of shim/init.h */

static bool maps_ids(const struct container *c)
{
	const struct oci_namespace *ns = &c->plan->oci->ns[OCI_NS_USER];

	return ns->present && !ns->path;
}

static int map_ids(struct container *c, struct err *e)
{
	int r;

	if (!maps_ids(c))
		return 0;
	r = idmap_write(c->init.pid, c->plan->oci, e);
	/* Later its files in /proc are root's, and an ordinary user's score could not be set. */
	if (r == 0 && userns_is_rootless())
		r = process_set_oom(c->init.pid, c->plan->oci->process, e);
	return r < 0 ? r : tell(c, INIT_MAPPED, e);
}

static int move_devices(struct container *c, struct err *e)
{
	return net_device_move_all(c->plan->oci, c->init.pid, e);
}

static int attach_sidecar(struct container *c, struct err *e)
{
	cleanup_msg struct msg m = {0};
	int r;

	if (!c->sidecar)
		return 0;
	r = expect(c, INIT_NETWORK, &m, e);
	if (r == 0 && m.n_fds != 1)
		r = err_say(e, EPROTO, "no descriptor of the agent's network came");
	return r < 0 ? r : sidecar_attach(c->sidecar, m.fds[0], c->init.pidfd, e);
}

static int run_hooks(struct container *c, enum oci_hook_kind kind, struct err *e)
{
	const struct hooks_place place = {.dir = c->state->bundle, .output = &c->hooks_output};
	cleanup_json json_t *j = NULL;

	if (c->plan->oci->hooks[kind].n == 0)
		return 0;
	c->hooked = true;
	j = state_to_json(c->state, STATE_CREATING);
	return hooks_run(c->plan->oci, kind, j, &place, e);
}

int container_runtime_hooks(struct container *c, struct err *e)
{
	int r = run_hooks(c, OCI_HOOK_PRESTART, e);

	return r < 0 ? r : run_hooks(c, OCI_HOOK_CREATE_RUNTIME, e);
}

static int meet_hooks(struct container *c, struct err *e)
{
	cleanup_msg struct msg m = {0};
	int r;

	if (!init_stops_for_hooks(c->plan))
		return 0;
	r = expect(c, INIT_MOUNTED, &m, e);
	/* The agent never runs before its sidecar is ready, and its engine hears of it here. */
	if (r == 0 && c->sidecar)
		r = sidecar_wait_ready(c->sidecar, e);
	if (r == 0)
		r = container_runtime_hooks(c, e);
	return r < 0 ? r : tell(c, INIT_HOOKED, e);
}

static int note_placeholders(struct state *s, char *lines, struct err *e)
{
	char *save = NULL;

	strv_free(steal_ptr(&s->placeholders));
	for (char *l = strtok_r(lines, "\n", &save); l; l = strtok_r(NULL, "\n", &save))
		if (strv_add(&s->placeholders, l) < 0)
			return err_set(e, ENOMEM, "placeholders");
	return 0;
}

static int write_pid_file(const struct container *c, struct err *e)
{
	char text[32];

	if (!c->options->pid_file)
		return 0;
	snprintf(text, sizeof(text), "%d", (int)c->init.pid);
	return path_write_file(AT_FDCWD, c->options->pid_file, text, strlen(text), 0644, e);
}

/* With it goes what only we know: init's pid as the host sees it, for the seccomp agent. */
static int tell_commit(struct container *c, struct err *e)
{
	cleanup_free char *message = NULL;
	int r;

	if (!c->seccomp_agent)
		return tell(c, INIT_COMMIT, e);
	r = seccomp_agent_message(c->state, c->plan->oci->seccomp, c->init.pid, &message, e);
	return r < 0 ? r : msg_send(c->sync, INIT_COMMIT, message, strlen(message), NULL, 0, e);
}

static int set_oom(const struct container *c, struct err *e)
{
	bool done = maps_ids(c) && userns_is_rootless();

	return done ? 0 : process_set_oom(c->init.pid, c->plan->oci->process, e);
}

static int commit(struct container *c, struct err *e)
{
	const struct oci_process *p = c->plan->oci->process;
	cleanup_msg struct msg m = {0};
	int r = expect(c, INIT_READY, &m, e);

	if (r == 0)
		r = note_placeholders(c->state, m.body, e);
	/* With the host's rights, which init may have none of. */
	if (r == 0)
		r = process_set_attributes(c->init.pid, p, e);
	if (r == 0)
		r = set_oom(c, e);
	if (r == 0)
		r = rdt_join(c->state->rdt.groups, c->init.pid, e);
	if (r == 0 && c->cgroup)
		r = cgroup_settle(c->cgroup, e);
	if (r == 0 && c->cgroup)
		r = cgroup_delegate(c->cgroup, c->init.pid, e);
	if (r == 0)
		r = state_save(c->state, e);
	if (r == 0)
		r = write_pid_file(c, e);
	if (r == 0 && c->sidecar)
		r = sidecar_commit(c->sidecar, e);
	/* There it is the word to start, too. */
	return r < 0 || c->options->start_at_once ? r : tell_commit(c, e);
}

int container_release(struct container *c, struct err *e)
{
	int r = tell_commit(c, e);

	return r < 0 ? r : latch_outcome(c->sync, e);
}

typedef int stage_fn(struct container *c, struct err *e);

static stage_fn *const stages[] = {map_ids, move_devices, attach_sidecar, meet_hooks, commit};

int container_run_stages(struct container *c, struct err *e)
{
	int r = 0;

	for (size_t n = 0; r == 0 && n < ARRAY_LEN(stages); n++)
		r = stages[n](c, e);
	return r;
}
