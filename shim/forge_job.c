#include "shim/forge_job.h"

#include <errno.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/confine.h"
#include "base/fd.h"
#include "base/msg.h"
#include "base/ptr.h"
#include "forge/wire.h"
#include "shim/component_init.h"
#include "shim/libexec.h"

struct place {
	uint32_t uid;
	pid_t parent;
};

static int set_limits(struct err *e)
{
	static const struct {
		int which;
		rlim_t value;
	} limits[] = {
		{RLIMIT_NOFILE, 64},
		{RLIMIT_FSIZE, 0},
		{RLIMIT_CORE, 0},
		{RLIMIT_CPU, 30},
		{RLIMIT_AS, (rlim_t)1 << 30},
	};

	for (size_t i = 0; i < ARRAY_LEN(limits); i++) {
		const struct rlimit limit = {limits[i].value, limits[i].value};

		if (setrlimit(limits[i].which, &limit) < 0)
			return err_set(e, errno, "setrlimit of " FORGE_PROGRAM);
	}
	return 0;
}

static int confine(void *arg, struct err *e)
{
	const struct place *p = arg;
	int r = set_limits(e);

	if (r == 0)
		r = component_drop_to(p->uid, e);
	/* A change of credentials clears it, so it comes after. */
	return r == 0 ? confine_die_with_parent(p->parent, e) : r;
}

static int spawn(uint32_t uid, int theirs, struct forge_job *j, struct err *e)
{
	char *const argv[] = {(char *)FORGE_PROGRAM, NULL};
	const struct proc_fd fds[] = {{theirs, FORGE_FD}};
	struct place place = {uid, getpid()};
	cleanup_fd int program = -1;
	struct proc_spec spec = {.argv = argv,
		.fds = fds,
		.n_fds = ARRAY_LEN(fds),
		.new_session = 1,
		.in_child = confine,
		.arg = &place};
	int r = libexec_open(FORGE_PROGRAM, &program, e);

	spec.exec_fd = program;
	return r < 0 ? r : proc_spawn(&spec, &j->proc, e);
}

int forge_job_start(uint32_t uid, const struct order *o, struct forge_job *ret, struct err *e)
{
	cleanup_forge_job struct forge_job j = FORGE_JOB_NONE;
	cleanup_fd int theirs = -1;
	int pair[2];
	int r = msg_pair(pair, e);

	if (r < 0)
		return r;
	j.sock = pair[0];
	theirs = pair[1];
	r = spawn(uid, theirs, &j, e);
	if (r == 0)
		r = order_send(j.sock, o, e);
	if (r < 0)
		return err_wrap(e, "start " FORGE_PROGRAM);
	j.due = proc_now_ms() + FORGE_JOB_MS;
	*ret = j;
	j = FORGE_JOB_NONE;
	return 0;
}

void forge_job_done(struct forge_job *j)
{
	proc_kill(&j->proc);
	fd_close(&j->sock);
	*j = FORGE_JOB_NONE;
}
