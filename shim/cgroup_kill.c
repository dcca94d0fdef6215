#include "shim/cgroup_impl.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/ptr.h"

/* How long killed processes may take to end (a large one frees its memory first). */
#define KILL_MS 10000

static int compare_pids(const void *a, const void *b)
{
	pid_t x = *(const pid_t *)a, y = *(const pid_t *)b;

	return x < y ? -1 : x > y;
}

int cgroup_pids(const struct cgroup *cg, pid_t **ret, size_t *n_ret, struct err *e)
{
	cleanup_free pid_t *pids = NULL;
	size_t n = 0, unique = 0;

	/* All hierarchies: a process can have been moved below the group in some of them only. */
	for (size_t i = 0; i < cg->n; i++) {
		int r = cgroup_tree_pids(&cg->h[i], &pids, &n, e);

		if (r < 0)
			return r;
	}
	if (n)
		qsort(pids, n, sizeof(*pids), compare_pids);
	for (size_t i = 0; i < n; i++)
		if (unique == 0 || pids[unique - 1] != pids[i])
			pids[unique++] = pids[i];
	*ret = steal_ptr(&pids);
	*n_ret = unique;
	return 0;
}

/* A number can have been given to a new process since: the pidfd is opened first, then asked. */
static int signal_one(const struct cgroup *cg, pid_t pid, int sig)
{
	cleanup_fd int pidfd = proc_pidfd_open(pid);
	cleanup_free pid_t *again = NULL;
	struct err ignored;
	size_t n;

	if (pidfd < 0)
		return pidfd == -ESRCH ? 0 : pidfd;
	if (cgroup_pids(cg, &again, &n, &ignored) == 0 &&
		!bsearch(&pid, again, n, sizeof(pid), compare_pids))
		return 0;
	int r = proc_pidfd_signal(pidfd, sig);
	return r == -ESRCH ? 0 : r;
}

int cgroup_signal_all(struct cgroup *cg, int sig, struct err *e)
{
	struct cgroup_hier *v2 = cgroup_find_v2(cg);
	cleanup_free pid_t *pids = NULL;
	struct err ignored;
	size_t n;
	int r;

	if (sig == SIGKILL && cgroup_is_pure_v2(cg) &&
		cgroup_write(v2, "cgroup.kill", "1", &ignored) == 0)
		return 0;
	r = cgroup_pids(cg, &pids, &n, e);
	if (r < 0)
		return r;
	for (size_t i = 0; i < n; i++) {
		r = signal_one(cg, pids[i], sig);
		if (r < 0)
			return err_set(e, -r, "signal process %d", (int)pids[i]);
	}
	return 0;
}

/* Waits for the end of one process, which need not be our child. */
static void wait_end(pid_t pid, int64_t deadline)
{
	cleanup_fd int pidfd = proc_pidfd_open(pid);
	struct pollfd p = {.fd = pidfd, .events = POLLIN};
	int64_t left = deadline - proc_now_ms();

	if (pidfd >= 0 && left > 0)
		poll(&p, 1, (int)left);
}

int cgroup_kill_all(struct cgroup *cg, struct err *e)
{
	int64_t deadline = proc_now_ms() + KILL_MS;

	for (;;) {
		cleanup_free pid_t *pids = NULL;
		size_t n;
		int r = cgroup_pids(cg, &pids, &n, e);

		if (r < 0 || n == 0)
			return r;
		cgroup_thaw(cg);
		if (proc_now_ms() >= deadline)
			return err_say(
				e, EBUSY, "process %d of the cgroup does not end", (int)pids[0]);
		r = cgroup_signal_all(cg, SIGKILL, e);
		if (r < 0)
			return r;
		for (size_t i = 0; i < n; i++)
			wait_end(pids[i], deadline);
	}
}
