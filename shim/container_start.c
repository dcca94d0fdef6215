#include <errno.h>
#include <poll.h>
#include <signal.h>

#include "base/fd.h"
#include "base/proc.h"
#include "base/ptr.h"
#include "shim/container.h"
#include "shim/container_stages.h"
#include "shim/hooks.h"
#include "shim/latch.h"

int container_sidecar(const struct state *s, const char *so, struct sidecar **ret, struct err *e)
{
	int r = sidecar_connect(s->dir, ret, e);

	if (r < 0 && r != -ETIMEDOUT)
		return err_say(e, -r,
			"container '%s': its sidecar's monitor has ended, so %s; delete it", s->id,
			so);
	return r;
}

/* The egress network attached, the components ready: without them the agent is not started. */
static int start_sidecar(const struct state *s, struct err *e)
{
	struct sidecar *sidecar = NULL;
	int r;

	if (!s->in_bottle)
		return 0;
	r = container_sidecar(s, "it has no network and is not started", &sidecar, e);
	if (r < 0)
		return r;
	r = sidecar_start(sidecar, e);
	sidecar_free(sidecar);
	return r;
}

static void kill_init(const struct state *s)
{
	cleanup_fd int pidfd = state_init_pidfd(s);

	if (pidfd >= 0)
		proc_pidfd_signal(pidfd, SIGKILL);
}

static int run_poststart(const struct state *s, struct err *e)
{
	cleanup_oci struct oci *oci = NULL;
	cleanup_json json_t *j = NULL;
	struct hooks_output output = HOOKS_OUTPUT_NONE;
	const struct hooks_place place = {.dir = s->bundle, .output = &output};
	int r;

	if (!(s->hooks & (1U << OCI_HOOK_POSTSTART)))
		return 0;
	r = state_config(s, &oci, e);
	if (r < 0)
		return r;
	j = state_to_json(s, STATE_RUNNING);
	r = hooks_output_open(s->annotations, s->in_bottle, &output, e);
	if (r == 0)
		r = hooks_run(oci, OCI_HOOK_POSTSTART, j, &place, e);
	hooks_output_done(&output);
	if (r == 0)
		return 0;
	kill_init(s);
	return -ECANCELED;
}

/* init has said why and is about to end: it has when we return. */
static void wait_for_end(const struct state *s)
{
	cleanup_fd int pidfd = state_init_pidfd(s);
	struct pollfd p = {.fd = pidfd, .events = POLLIN};

	if (pidfd >= 0)
		poll(&p, 1, 2000);
}

int container_start_made(struct container *c, struct err *e)
{
	int r = start_sidecar(c->state, e);

	if (r < 0)
		return r;
	r = container_release(c, e);
	if (r < 0) {
		wait_for_end(c->state);
		return err_wrap(e, "unable to start container process");
	}
	return run_poststart(c->state, e);
}

int container_start(struct state *s, struct err *e)
{
	enum state_status status = state_status(s);
	int connection, r;

	if (status == STATE_STOPPED)
		return err_say(e, EINVAL, "cannot start a container that has stopped");
	if (status == STATE_RUNNING)
		return err_say(e, EINVAL, "cannot start an already running container");
	if (status != STATE_CREATED)
		return err_say(e, EINVAL, "cannot start a container in the %s state",
			state_status_name(status));
	r = start_sidecar(s, e);
	if (r < 0)
		return r;
	connection = latch_connect(s->dirfd, e);
	if (connection < 0)
		return connection;
	r = latch_release(s->dirfd, connection, e);
	if (r < 0) {
		wait_for_end(s);
		return err_wrap(e, "unable to start container process");
	}
	return run_poststart(s, e);
}
