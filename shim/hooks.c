#include "shim/hooks.h"

#include <errno.h>
#include <fcntl.h>
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

static const char *const kind_names[OCI_HOOK_KINDS] = {
	[OCI_HOOK_PRESTART] = "prestart",
	[OCI_HOOK_CREATE_RUNTIME] = "createRuntime",
	[OCI_HOOK_CREATE_CONTAINER] = "createContainer",
	[OCI_HOOK_START_CONTAINER] = "startContainer",
	[OCI_HOOK_POSTSTART] = "poststart",
	[OCI_HOOK_POSTSTOP] = "poststop",
};

static int enter_directory(void *dir, struct err *e)
{
	return chdir(dir) < 0 ? err_set(e, errno, "chdir to '%s'", (const char *)dir) : 0;
}

/* The end of what the hook printed, for the error. */
static void output_of(int fd, char *buf, size_t size)
{
	off_t end = lseek(fd, 0, SEEK_END);
	off_t from = end > (off_t)size - 1 ? end - (off_t)size + 1 : 0;
	ssize_t n = end > 0 ? pread(fd, buf, size - 1, from) : 0;

	buf[n > 0 ? n : 0] = '\0';
}

static int wait_for(struct proc *p, const struct oci_hook *h, int out, struct err *e)
{
	char output[256];
	int status, r = proc_wait(p, h->timeout > 0 ? h->timeout * 1000 : -1, &status, e);

	if (r < 0)
		return r;
	if (r == 0) {
		proc_kill(p);
		return err_say(e, ETIMEDOUT, "'%s' took longer than its timeout of %d s", h->path,
			h->timeout);
	}
	if (status == 0)
		return 0;
	output_of(out, output, sizeof(output));
	if (WIFSIGNALED(status))
		return err_say(e, EIO, "'%s' was ended by signal %d: %s", h->path, WTERMSIG(status),
			output);
	return err_say(
		e, EIO, "'%s' ended with exit status %d: %s", h->path, WEXITSTATUS(status), output);
}

static int run_one(const struct oci_hook *h, const char *state, const char *dir, struct err *e)
{
	cleanup_fd int in = fd_memfd("state", state, strlen(state), e);
	cleanup_fd int out = memfd_create("hook", MFD_CLOEXEC);
	const struct proc_fd fds[] = {{in, 0}, {out, 1}, {out, 2}};
	char *only[] = {h->path, NULL};
	struct proc_spec spec = {
		.path = h->path,
		.argv = h->args && h->args[0] ? h->args : only,
		/* Absent, not empty: the runtime's own, as runc and crun do. */
		.envp = h->env ? h->env : environ,
		.fds = fds,
		.n_fds = ARRAY_LEN(fds),
		.in_child = dir ? enter_directory : NULL,
		.arg = (void *)dir,
	};
	cleanup_proc struct proc p = PROC_NONE;
	int r;

	if (in < 0)
		return in;
	if (out < 0)
		return err_set(e, errno, "memfd_create");
	r = proc_spawn(&spec, &p, e);
	return r < 0 ? r : wait_for(&p, h, out, e);
}

int hooks_run(const struct oci *oci, enum oci_hook_kind kind, json_t *state, const char *dir,
	struct err *e)
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
		r = run_one(&hooks->list[i], text, dir, e);
		if (r < 0)
			err_wrap(e, "error running %s hook #%zu", kind_names[kind], i);
	}
	return r;
}

void hooks_run_all(const struct oci *oci, enum oci_hook_kind kind, json_t *state, const char *dir)
{
	const struct oci_hooks *hooks = &oci->hooks[kind];
	cleanup_free char *text = hooks->n && state ? json_dumps(state, JSON_COMPACT) : NULL;

	for (size_t i = 0; text && i < hooks->n; i++) {
		struct err e = {0};

		if (run_one(&hooks->list[i], text, dir, &e) < 0)
			log_warning("error running %s hook #%zu: %s", kind_names[kind], i, e.msg);
	}
}
