#ifndef SHIM_SECCOMP_AGENT_H
#define SHIM_SECCOMP_AGENT_H

#include "base/err.h"
#include "bundle/oci.h"
#include "shim/seccomp.h"
#include "shim/state.h"

/*
 * Who answers SCMP_ACT_NOTIFY: a program of the host's that listens at linux.seccomp.listenerPath
 * (runtime-spec config-linux.md, "Seccomp" and "The Container Process State").
 */

/*
 * Connects, in the caller's mount namespace. Where no rule asks the agent the specification has the
 * path ignored, yet some agents wait for every container: then one that listens gets a listener,
 * and one that does not is no error. *ret_fd: the caller's, -1 for none; p->notify is set to match.
 */
int seccomp_agent_connect(
	const struct oci_seccomp *s, struct seccomp_program *p, int *ret_fd, struct err *e);

/* What the agent is told of the process pid (in the caller's pid namespace). Caller frees. */
int seccomp_agent_message(const struct state *state, const struct oci_seccomp *s, pid_t pid,
	char **ret, struct err *e);

#endif
