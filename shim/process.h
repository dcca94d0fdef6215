#ifndef SHIM_PROCESS_H
#define SHIM_PROCESS_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/err.h"
#include "bundle/oci.h"
#include "shim/caps.h"
#include "shim/lsm.h"
#include "shim/seccomp.h"

/*
 * A process of the container, from "we are in its namespaces" to execve: the same for init and for
 * exec. Called in the order of the prototypes by the process itself, its root being the
 * container's.
 */

/* What is worked out by the runtime before anything is made. */
struct process_plan {
	const struct oci_process *process;
	struct caps caps;
	const struct seccomp_program *seccomp;
	int seccomp_agent;     /* connected socket that gets the filter's listener; -1: none */
	char *seccomp_message; /* what is sent with it; owned by whoever received it */
	struct lsm lsm;
	long preserve_fds; /* descriptors from 3 on that the process keeps */
	bool in_bottle;	   /* sockets that reach past the namespace are refused */
	bool keep_groups;  /* supplementary groups stay the caller's, beside additionalGids */
	const struct oci_memory_policy *memory_policy; /* or NULL */
};

/*
 * Closes what the caller had open, but for the n of `keep` (which it sorts) and those that are
 * handed on. A number below 3 + preserve_fds that nobody handed to us may be one of ours: ours are
 * close-on-exec from birth, those that came over execve are not. A closed one stays closed.
 */
int process_keep_only(const struct process_plan *p, int *keep, size_t n, struct err *e);

/*
 * HOME from the container's /etc/passwd, where env has none. The working directory is the
 * container's root. Takes nothing, may grow *env.
 */
int process_set_home(char ***env, uint32_t uid, struct err *e);

/*
 * The file that args[0] names: itself with a slash in it (relative: to cwd), else found in env's
 * PATH. The words of the errors are those that engines turn into exit codes. Caller frees.
 */
int process_lookup(const struct oci_process *p, char *const *env, char **ret, struct err *e);

/*
 * Limits of any process of ours (0: the caller), before it runs what is not ours. Where the caller
 * may not raise a hard limit the nearest is set, and said.
 */
int process_set_rlimits(pid_t pid, const struct oci_process *p, struct err *e);

/* The oom score of any process of ours; lowering it without the right is warned about. */
int process_set_oom(pid_t pid, const struct oci_process *p, struct err *e);

/*
 * What is set of a process from outside, but for the oom score: limits, scheduler, I/O priority.
 * With the host's rights; while it waits and is ours.
 */
int process_set_attributes(pid_t pid, const struct oci_process *p, struct err *e);

/* The CPUs that a process may run on (0: the caller); an absent set changes nothing. */
int process_set_affinity(pid_t pid, const struct ranges *cpus, struct err *e);

/* The caller's memory policy, which execve keeps; NULL changes nothing. In its cgroup. */
int process_set_memory_policy(const struct oci_memory_policy *m, struct err *e);

/*
 * Standard descriptors that are not the process's yet become so, as far as that can be; a null
 * device becomes the container's. In its root.
 */
void process_own_stdio(const struct oci_process *p);

/* Label, user, working directory; all descriptors that the process does not keep: close-on-exec. */
int process_become(const struct process_plan *p, struct err *e);

/*
 * The last steps: capabilities, no_new_privs and the filter, as late as can be, so that a profile
 * need not allow what we do ourselves: after it there is nothing but execve where no_new_privs or
 * CAP_SYS_ADMIN is the process's, and capget, capset and prctl else. with_agent: the filter's
 * listener is handed to seccomp_agent; without, for a hook that gets the process's rights.
 */
int process_confine(const struct process_plan *p, bool with_agent, struct err *e);

/* Returns only on failure. env as after process_set_home. */
int process_exec(const struct process_plan *p, const char *path, char *const *env, struct err *e);

#endif
