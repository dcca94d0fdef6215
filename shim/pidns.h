#ifndef SHIM_PIDNS_H
#define SHIM_PIDNS_H

#include "shim/state.h"

/*
 * The processes of a container that has no cgroup (rootless without a delegated one): those of its
 * pid namespace, or init alone where that is the host's or somebody else's.
 */

/* In the caller's pid namespace, sorted by /proc; none when init has ended. Caller frees. */
int pidns_pids(const struct state *s, pid_t **ret, size_t *n, struct err *e);

/* Through pidfds; those that have ended meanwhile are no error. The first error ends it. */
int pidns_signal_all(const struct state *s, int sig, struct err *e);

#endif
