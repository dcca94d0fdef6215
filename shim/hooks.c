#include "shim/hooks.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/proc.h"
#include "base/ptr.h"
#include "base/str.h"

static const char *const kind_names[OCI_HOOK_KINDS] = {
	[OCI_HOOK_PRESTART] = "prestart",
	[OCI_HOOK_CREATE_RUNTIME] = "createRuntime",
	[OCI_HOOK_CREATE_CONTAINER] = "createContainer",
	[OCI_HOOK_START_CONTAINER] = "startContainer",
	[OCI_HOOK_POSTSTART] = "poststart",
	[OCI_HOOK_POSTSTOP] = "poststop",
};

/* What one hook prints: memory of ours, or the annotations' files. */
struct printed {
	int out, err;
};

static int append_to(char *const *annotations, const char *key, int *ret, struct err *e)
{
	const char *path = env_get(annotations, key);

	if (!path)
		return 0;
	*ret = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
	return *ret < 0 ? err_set(e, errno, "annotation %s: open '%s'", key, path) : 0;
}

int hooks_output_open(
	char *const *annotations, bool in_bottle, struct hooks_output *ret, struct err *e)
{
	int r;

	*ret = HOOKS_OUTPUT_NONE;
	if (in_bottle)
		return 0;
	r = append_to(annotations, "run.oci.hooks.stdout", &ret->out, e);
	if (r == 0)
		r = append_to(annotations, "run.oci.hooks.stderr", &ret->err, e);
	if (r < 0)
		hooks_output_done(ret);
	return r;
}

void hooks_output_done(struct hooks_output *o)
{
	fd_close(&o->out);
	fd_close(&o->err);
}

static int prepare(void *arg, struct err *e)
{
	const struct hooks_place *place = arg;

	if (place->dir && chdir(place->dir) < 0)
		return err_set(e, errno, "chdir to '%s'", place->dir);
	return place->in_child ? place->in_child(place->arg, e) : 0;
}

/* The end of what the hook printed, without the last line's end, for the error. */
static void tail_of(int fd, char *buf, size_t size)
{
	off_t end = lseek(fd, 0, SEEK_END);
	off_t from = end > (off_t)size - 1 ? end - (off_t)size + 1 : 0;
	ssize_t n = end > 0 ? pread(fd, buf, size - 1, from) : 0;

	while (n > 0 && buf[n - 1] == '\n')
		n--;
	buf[n > 0 ? n : 0] = '\0';
}

static int failed(const struct oci_hook *h, int status, const struct printed *p, struct err *e)
{
	char out[128], err[200], how[40];

	if (WIFSIGNALED(status))
		snprintf(how, sizeof(how), "ended by signal %d", WTERMSIG(status));
	else
		snprintf(how, sizeof(how), "exit status %d", WEXITSTATUS(status));
	tail_of(p->out, out, sizeof(out));
	tail_of(p->err, err, sizeof(err));
	return err_say(e, EIO, "'%s': error running hook: %s, stdout: %s, stderr: %s", h->path, how,
		out, err);
}

static int wait_for(
	struct proc *p, const struct oci_hook *h, const struct printed *printed, struct err *e)
{
	int ms = h->timeout > INT_MAX / 1000 ? INT_MAX : h->timeout * 1000;
	pid_t group = p->pid;
	int status, r = proc_wait(p, h->timeout > 0 ? ms : -1, &status, e);

	if (r < 0)
		return r;
	if (r == 0) {
		/* All of its session's first group; the leader is not reaped, so it is still its.
		 */
		kill(-group, SIGKILL);
		proc_kill(p);
		return err_say(e, ETIMEDOUT, "'%s': hook ran past specified timeout of %d s",
			h->path, h->timeout);
	}
	return status == 0 ? 0 : failed(h, status, printed, e);
}

static int execute(const struct oci_hook *h, const char *state, const struct hooks_place *place,
	const struct printed *printed, struct err *e)
{
	cleanup_fd int in = fd_memfd("state", state, strlen(state), e);
	const struct proc_fd fds[] = {{in, 0}, {printed->out, 1}, {printed->err, 2}};
	char *only[] = {h->path, NULL};
	struct proc_spec spec = {
		.path = h->path,
		.argv = h->args && h->args[0] ? h->args : only,
		/* Absent, not empty: as runc has it, what the caller has in that place. */
		.envp = h->env	     ? h->env
			: place->env ? place->env
				     : environ,
		.fds = fds,
		.n_fds = ARRAY_LEN(fds),
		.new_session = 1,
		.in_child = prepare,
		.arg = (void *)place,
	};
	cleanup_proc struct proc p = PROC_NONE;
	int r;

	if (in < 0)
		return in;
	r = proc_spawn(&spec, &p, e);
	return r < 0 ? r : wait_for(&p, h, printed, e);
}

static int run_one(
	const struct oci_hook *h, const char *state, const struct hooks_place *place, struct err *e)
{
	cleanup_fd int out = memfd_create("stdout", MFD_CLOEXEC);
	cleanup_fd int err = memfd_create("stderr", MFD_CLOEXEC);
	struct printed printed = {out, err};

	if (out < 0 || err < 0)
		return err_set(e, errno, "memfd_create");
	if (place->output && place->output->out >= 0)
		printed.out = place->output->out;
	if (place->output && place->output->err >= 0)
		printed.err = place->output->err;
	return execute(h, state, place, &printed, e);
}

int hooks_run(const struct oci *oci, enum oci_hook_kind kind, json_t *state,
	const struct hooks_place *place, struct err *e)
{
	const struct oci_hooks *hooks = &oci->hooks[kind];
	cleanup_free char *text = NULL;
	int r = 0;

	if (hooks->n == 0)
		return 0;
	text = state ? json_dumps(state, JSON_COMPACT) : NULL;
	if (!text)
		return err_set(e, ENOMEM, "state for the %s hooks", kind_names[kind]);
	for (size_t i = 0; r == 0 && i < hooks->n; i++) {
		r = run_one(&hooks->list[i], text, place, e);
		if (r < 0)
			err_wrap(e, "error running %s hook #%zu", kind_names[kind], i);
	}
	return r;
}

void hooks_run_all(const struct oci *oci, enum oci_hook_kind kind, json_t *state,
	const struct hooks_place *place)
{
	const struct oci_hooks *hooks = &oci->hooks[kind];
	cleanup_free char *text = hooks->n && state ? json_dumps(state, JSON_COMPACT) : NULL;

	for (size_t i = 0; text && i < hooks->n; i++) {
		struct err e = {0};

		if (run_one(&hooks->list[i], text, place, &e) < 0)
			log_warning("error running %s hook #%zu: %s", kind_names[kind], i, e.msg);
	}
}
