#ifndef SHIM_EXEC_H
#define SHIM_EXEC_H

#include <stdbool.h>

#include "base/err.h"
#include "base/proc.h"
#include "bundle/oci.h"
#include "shim/cgroup.h"
#include "shim/process.h"
#include "shim/state.h"

/*
 * Another process in a running container. A process in between joins the container's cgroup and
 * namespaces; in a bottle the network is the agent's, asked of the monitor, never that of init.
 */
struct exec {
	const struct state *state;
	struct process_plan process;
	const struct oci_seccomp *seccomp; /* of config.json, or NULL */
	struct cgroup *cgroup;
	int init_pidfd;
	uint64_t namespaces; /* CLONE_NEW… to join behind init_pidfd */
	int netns;	     /* the agent's network namespace, or -1 */
	int console;	     /* where the terminal's master goes, or -1 */
	bool new_keyring;
	const char *pid_file; /* or NULL */
	int64_t personality;  /* or OCI_UNSET */
};

/*
 * Returns when the program has been executed. ret->pidfd is the caller's, and the process its
 * child. All descriptors stay the caller's.
 */
int exec_start(struct exec *x, struct proc *ret, struct err *e);

#endif
