#include "gate/lfs.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/ptr.h"
#include "base/str.h"
#include "gate/git.h"

static int die_with_caller(void *arg, struct err *e)
{
	(void)arg;
	if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0)
		return err_set(e, errno, "prctl PR_SET_PDEATHSIG");
	return 0;
}

static char **make_argv(const struct lfs_job *job)
{
	cleanup_strv char **argv = NULL;
	cleanup_free char *length = str_format("%lld", (long long)job->length);
	int r = length ? strv_add(&argv, GATE_LFS_PROGRAM) : -ENOMEM;

	if (r == 0)
		r = strv_add(&argv, job->method);
	if (r == 0)
		r = strv_add(&argv, job->path);
	if (r == 0)
		r = strv_add(&argv, length);
	return r == 0 ? steal_ptr(&argv) : NULL;
}

int lfs_start(const struct lfs_job *job, int in, int out, struct proc *ret, struct err *e)
{
	const struct session *s = job->session;
	const struct git_job asks = {.gate = s->gate, .repo = s->repo, .upstream = &s->upstream};
	cleanup_strv char **argv = make_argv(job), **env = git_env(&asks);
	static const int kept[] = {GATE_FD_SELF, GATE_FD_CONFIG, GATE_FD_SCANNER, GATE_FD_CHANNEL};
	struct proc_fd fds[3 + ARRAY_LEN(kept)] = {{STDERR_FILENO, STDERR_FILENO}, {out, 1}};
	/* By its link: the filter has execve alone (lockdown.c). */
	cleanup_free char *path = str_format("/proc/self/fd/%d", GATE_FD_LFS);
	struct proc_spec spec = {.path = path,
		.argv = argv,
		.envp = env,
		.fds = fds,
		.n_fds = 2,
		.in_child = die_with_caller};

	if (!argv || !env || !path)
		return err_set(e, ENOMEM, "run " GATE_LFS_PROGRAM);
	if (in >= 0)
		fds[spec.n_fds++] = (struct proc_fd){in, 0};
	for (size_t i = 0; i < ARRAY_LEN(kept); i++)
		fds[spec.n_fds++] = (struct proc_fd){kept[i], kept[i]};
	return proc_spawn(&spec, ret, e);
}
