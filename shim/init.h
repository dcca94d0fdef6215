#ifndef SHIM_INIT_H
#define SHIM_INIT_H

#include <stdbool.h>

#include "base/err.h"
#include "bundle/plan.h"
#include "shim/cgroup.h"
#include "shim/hooks.h"
#include "shim/mount_source.h"
#include "shim/process.h"
#include "shim/state.h"

/*
 * The container's first process, from its birth in new namespaces to the user's execve. It and
 * `create` meet at these stages, over a socket (base/msg.h). Until COMMIT the death of `create`
 * ends init: by PDEATHSIG, and where that is over by the end of the socket.
 *
 *	create                              init
 *	                                    (may do nothing by its own ids)
 *	INIT_MAPPED   id maps are written →
 *	                                    becomes root of its user namespace, names, sysctls
 *	                                  ← INIT_NETWORK  in a bottle: descriptor of the agent's net
 *	                                    mounts
 *	                                  ← INIT_MOUNTED  all but the seal is there
 *	(bottle ready; prestart and
 *	createRuntime hooks)
 *	INIT_HOOKED   they are through →
 *	                                    createContainer hooks, seal, pivot_root, command looked
 *up ← INIT_READY    body: the placeholders made, a line each (limits, state, pid file) INIT_COMMIT
 *→ (body: what the seccomp agent is told) waits at the latch, then: the agent's network, hooks,
 *user, capabilities, filter, execve
 *
 * At any time ← INIT_FAILED with a struct err. MAPPED is left out without a new user namespace, and
 * MOUNTED and HOOKED without a bottle and those hooks.
 */
enum init_stage {
	INIT_MAPPED = 1,
	INIT_HOOKED,
	INIT_COMMIT,
	INIT_NETWORK = 64,
	INIT_MOUNTED,
	INIT_READY,
	INIT_FAILED,
};

/* Everything that init gets to know; in its own copy of the memory of `create`. */
struct init {
	const struct plan *plan;
	const struct state *state;
	struct cgroup *cgroup;
	struct process_plan process;
	struct mount_sources sources;
	const char *ca_pem; /* in a bottle */
	int sync;	    /* init's end */
	int latch;   /* listening; -1: starts at COMMIT, and the sync socket is the connection */
	int console; /* where the terminal's master goes; -1: no terminal */
	long listen_fds; /* sd_listen_fds(3) of the container; 0: none */
	bool no_pivot, new_keyring;
	struct hooks_output hooks_output; /* borrowed from create */
};

/* Whether create and init stop for INIT_MOUNTED and INIT_HOOKED. */
bool init_stops_for_hooks(const struct plan *plan);

/*
 * What others in init's pid namespace could see of it, by those with CAP_SYS_PTRACE all of it, and
 * init has no use for: the arguments and variables of `create`, what it had open (host directories,
 * sockets, its lock). They are gone for the caller; twice is no harm. Its root
 * cannot be hidden: until pivot_root that is the host's, as runc's is.
 */
int init_hide(void *init, struct err *e);

void init_main(struct init *i) __attribute__((noreturn));

#endif
