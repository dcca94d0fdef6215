#include <errno.h>
#include <fcntl.h>
#include <linux/ioprio.h>
#include <linux/sched.h>
#include <linux/sched/types.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "shim/process.h"

/*
 * When and where a process runs, set from outside with the host's rights: the process itself may
 * have none of them in its user namespace.
 */

/* The whole range of utilisation, where a clamp is asked for: config.json has no numbers for it. */
#define FULL_CAPACITY 1024

/* A host that withholds CAP_SYS_RESOURCE from root: as near as can be, and said. */
static int set_nearest(pid_t pid, const struct oci_rlimit *l, struct err *e)
{
	struct rlimit now, want = {.rlim_cur = l->soft, .rlim_max = l->hard};

	if (prlimit(pid, l->resource, NULL, &now) < 0)
		return err_set(e, errno, "getrlimit %s", oci_rlimit_name(l));
	if (want.rlim_max > now.rlim_max)
		want.rlim_max = now.rlim_max;
	if (want.rlim_cur > want.rlim_max)
		want.rlim_cur = want.rlim_max;
	if (prlimit(pid, l->resource, &want, NULL) < 0)
		return err_set(e, errno, "error setting rlimit type %s", oci_rlimit_name(l));
	log_warning("%s: no right to raise the hard limit from %llu to %llu; it stays",
		oci_rlimit_name(l), (unsigned long long)now.rlim_max, (unsigned long long)l->hard);
	return 0;
}

int process_set_rlimits(pid_t pid, const struct oci_process *p, struct err *e)
{
	for (size_t i = 0; i < p->n_rlimits; i++) {
		const struct oci_rlimit *l = &p->rlimits[i];
		struct rlimit want = {.rlim_cur = l->soft, .rlim_max = l->hard};
		int r = 0;

		if (prlimit(pid, l->resource, &want, NULL) < 0)
			r = errno == EPERM ? set_nearest(pid, l, e)
					   : err_set(e, errno, "error setting rlimit type %s",
						     oci_rlimit_name(l));
		if (r < 0)
			return r;
	}
	return 0;
}

int process_set_oom(pid_t pid, const struct oci_process *p, struct err *e)
{
	char path[64], text[32];
	int r;

	if (!p->has_oom_score_adj)
		return 0;
	snprintf(path, sizeof(path), "/proc/%d/oom_score_adj", (int)pid);
	snprintf(text, sizeof(text), "%d", p->oom_score_adj);
	r = fd_write_file(AT_FDCWD, path, text, e);
	if (r == -EACCES || r == -EPERM) {
		log_warning("process.oomScoreAdj: no right to set %d; it stays", p->oom_score_adj);
		return 0;
	}
	return r;
}

/* sched_setaffinity(2) comes before: SCHED_DEADLINE lets the affinity change no more. */
static int set_scheduler(pid_t pid, const struct oci_scheduler *s, struct err *e)
{
	struct sched_attr attr = {
		.size = sizeof(attr),
		.sched_policy = s->policy,
		.sched_flags = s->flags,
		.sched_nice = s->nice,
		.sched_priority = s->priority,
		.sched_runtime = s->runtime,
		.sched_deadline = s->deadline,
		.sched_period = s->period,
	};

	if (s->flags & SCHED_FLAG_UTIL_CLAMP_MAX)
		attr.sched_util_max = FULL_CAPACITY;
	if (syscall(SYS_sched_setattr, pid, &attr, 0) < 0)
		return err_set(e, errno, "process.scheduler: sched_setattr %s%s",
			oci_scheduler_policy_name(s),
			errno == EPERM && s->priority ? " (on cgroup v1 cpu.rt_runtime_us of each "
							"group above must be set)"
						      : "");
	return 0;
}

int process_set_affinity(pid_t pid, const struct ranges *cpus, struct err *e)
{
	if (!cpus->present)
		return 0;
	if (syscall(SYS_sched_setaffinity, pid, sizeof(cpus->words), cpus->words) < 0)
		return err_set(e, errno,
			"process.execCPUAffinity: set the affinity (are these CPUs there, and in "
			"the container's cpuset?)");
	return 0;
}

int process_set_attributes(pid_t pid, const struct oci_process *p, struct err *e)
{
	int r = process_set_rlimits(pid, p, e);

	if (r == 0 && p->scheduler)
		r = set_scheduler(pid, p->scheduler, e);
	if (r == 0 && p->has_io_priority &&
		syscall(SYS_ioprio_set, IOPRIO_WHO_PROCESS, pid, p->io_priority) < 0)
		r = err_set(e, errno, "process.ioPriority: ioprio_set class %d, priority %d",
			(int)IOPRIO_PRIO_CLASS(p->io_priority),
			(int)IOPRIO_PRIO_DATA(p->io_priority));
	return r;
}

int process_set_memory_policy(const struct oci_memory_policy *m, struct err *e)
{
	if (!m)
		return 0;
	/* The kernel reads one bit less than it is told of (set_mempolicy(2), BUGS of get_…). */
	if (syscall(SYS_set_mempolicy, (int)(m->mode | m->flags),
		    m->nodes.present ? m->nodes.words : NULL,
		    m->nodes.present ? RANGES_BITS + 1UL : 0UL) < 0)
		return err_set(e, errno,
			"linux.memoryPolicy: set_mempolicy %s: mode, flags and nodes must fit "
			"together "
			"and the nodes be there",
			oci_memory_policy_name(m));
	return 0;
}
