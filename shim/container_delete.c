#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/path.h"
#include "base/proc.h"
#include "base/ptr.h"
#include "base/str.h"
#include "shim/container.h"
#include "shim/hooks.h"
#include "shim/keys_retry.h"

#define KILL_TIMEOUT_MS 10000
#define LOCK_TIMEOUT_MS 10000

static int check_deletable(const struct state *s, bool force, struct err *e)
{
	enum state_status status = state_status(s);

	/* One that waits for start has nothing of the user's to lose, as in runc. */
	if (force || (status != STATE_RUNNING && status != STATE_PAUSED))
		return 0;
	return err_say(e, EBUSY, "cannot delete container %s that is not stopped: %s", s->id,
		state_status_name(status));
}

static int kill_init(const struct state *s, struct cgroup *cg, struct err *e)
{
	cleanup_fd int pidfd = state_init_pidfd(s);
	struct pollfd p = {.fd = pidfd, .events = POLLIN};
	int r;

	if (pidfd < 0)
		return 0;
	if (proc_pidfd_signal(pidfd, SIGKILL) == -EPERM)
		return err_set(e, EPERM, "kill the container's init");
	cgroup_thaw(cg);
	r = cgroup_check_mortal(cg, s->pid, e);
	if (r < 0)
		return r;
	if (poll(&p, 1, KILL_TIMEOUT_MS) == 0)
		return err_say(
			e, ETIMEDOUT, "the container's init (pid %d) does not end", (int)s->pid);
	return 0;
}

/* The monitor takes everything of the bottle down; where it is gone, what its records tell. */
static int stop_sidecar(const struct state *s, struct err *e)
{
	struct sidecar *sidecar = NULL;
	int r = sidecar_connect(s->dir, &sidecar, e);

	if (r == 0) {
		r = sidecar_stop(sidecar, e);
		sidecar_free(sidecar);
		if (r == 0)
			return 0;
		log_warning("stop the sidecar of '%s': %s", s->id, e->msg);
	}
	return sidecar_cleanup(s->dir, e);
}

/* Files that were made for mounts to cover: gone again, unless somebody has used them. */
static void remove_placeholder(int rootfd, const char *path)
{
	cleanup_free char *copy = strdup(path);
	char *slash = copy ? strrchr(copy, '/') : NULL;
	cleanup_fd int dir = -1;
	struct stat st;

	if (!slash || !slash[1])
		return;
	*slash = '\0';
	dir = path_open_in_root(rootfd, *copy ? copy : "/", O_PATH | O_DIRECTORY, 0);
	if (dir >= 0 && fstatat(dir, slash + 1, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
		S_ISREG(st.st_mode) && st.st_size == 0)
		unlinkat(dir, slash + 1, 0);
}

void container_remove_placeholders(const struct state *s)
{
	cleanup_fd int rootfd = -1;

	if (!s->placeholders || !*s->placeholders || !s->rootfs)
		return;
	rootfd = open(s->rootfs, O_PATH | O_DIRECTORY | O_CLOEXEC);
	for (size_t i = 0; rootfd >= 0 && s->placeholders[i]; i++)
		remove_placeholder(rootfd, s->placeholders[i]);
}

static void run_poststop(const struct state *s)
{
	cleanup_oci struct oci *oci = NULL;
	cleanup_json json_t *j = NULL;
	struct hooks_output output = HOOKS_OUTPUT_NONE;
	const struct hooks_place place = {.dir = s->bundle, .output = &output};
	struct err e;

	if (!(s->hooks & (1U << OCI_HOOK_POSTSTOP)))
		return;
	if (state_config(s, &oci, &e) < 0) {
		log_warning("poststop hooks: %s", e.msg);
		return;
	}
	j = state_to_json(s, STATE_STOPPED);
	if (hooks_output_open(s->annotations, s->in_bottle, &output, &e) < 0)
		log_warning("poststop hooks: %s", e.msg);
	hooks_run_all(oci, OCI_HOOK_POSTSTOP, j, &place);
	hooks_output_done(&output);
}

/* Goes on through errors, so that one thing that cannot be removed does not keep the others. */
static int remove_all(struct state *s, struct err *e)
{
	cleanup_cgroup struct cgroup *cg = NULL;
	struct err first = {0};
	int r = state_cgroup(s, &cg, e);

	if (r == 0)
		r = kill_init(s, cg, e);
	if (r == 0)
		r = cgroup_destroy(cg, e);
	if (r < 0)
		first = *e;
	if (s->in_bottle && stop_sidecar(s, e) < 0 && !first.code)
		first = *e;
	if (first.code) {
		*e = first;
		return -e->code;
	}
	rdt_remove(s->rdt.made);
	container_remove_placeholders(s);
	run_poststop(s);
	return state_remove(s, e);
}

int container_delete(const struct globals *g, const char *id, bool force, struct err *e)
{
	cleanup_state struct state *s = NULL;
	int r = state_load(g->root, id, &s, e);

	/* Engines delete what they have deleted, with --force. */
	if (r == -ENOENT && force)
		return 0;
	if (r < 0 && r != -ENODATA)
		return r;
	if (r == 0)
		r = check_deletable(s, force, e);
	else
		r = 0;
	/* A live create holds the lock: then it is not half-made but being made. */
	if (r == 0)
		r = state_lock(s, LOCK_TIMEOUT_MS, e);
	if (r == 0 && !s->in_bottle)
		s->in_bottle = sidecar_present(s->dir);
	return r < 0 ? r : remove_all(s, e);
}

int container_delete_made(struct container *c, struct err *e)
{
	struct state *s = c->state;
	int r = state_lock(s, LOCK_TIMEOUT_MS, e);

	sidecar_free(steal_ptr(&c->sidecar));
	/* A delete --force of somebody's was there first; the name may be another's by now. */
	if (r < 0 || state_is_gone(s))
		return r;
	/* Reaped: nothing is left to be looked up. */
	if (c->init.pid == 0)
		s->pid = 0;
	r = remove_all(s, e);
	/* An ordinary user's is in his bottle's user namespace by now, where his secrets look like
	 * others'; who asked for the container asks for its delete, too. */
	if (!c->globals->rootless)
		keys_retry(c->globals);
	return r;
}
