#ifndef SHIM_CONTAINER_H
#define SHIM_CONTAINER_H

#include <stdbool.h>

#include "base/err.h"
#include "base/proc.h"
#include "bundle/plan.h"
#include "shim/cmd.h"
#include "shim/hooks.h"
#include "scan/rules_job.h"
#include "shim/sidecar.h"
#include "shim/state.h"

/* A container's life, as create, run, start and delete drive it. */

struct container;

struct container_options {
	const char *bundle;	    /* directory; NULL: the current one */
	const char *config;	    /* NULL: config.json of the bundle */
	const char *pid_file;	    /* NULL: none */
	const char *console_socket; /* NULL: none */
	bool no_pivot, no_new_keyring;
	long preserve_fds;
	long listen_fds;    /* of preserve_fds, those that are handed on as LISTEN_FDS */
	bool foreground;    /* run without --detach: the terminal is ours to relay */
	bool start_at_once; /* run: there is no other command that starts it */
	/* Fills c->init with a process that runs already, in the place of one of ours; NULL: ours.
	 */
	int (*bring_init)(struct container *c, void *arg, struct err *e);
	void *bring_arg;
};

/* A container that this process has made. */
struct container {
	const struct globals *globals;
	const struct container_options *options;
	struct plan *plan;
	struct state *state;
	struct cgroup *cgroup;
	struct secret *secrets;	 /* of the bottle, until its monitor has them */
	struct rules_job rules;	 /* of the bottle, until its monitor has them */
	struct sidecar *sidecar; /* NULL without a bottle */
	struct proc init;	 /* our child */
	int sync;		 /* our end */
	int console;		 /* the terminal's master comes here; -1: none */
	bool seccomp_agent;	 /* one waits for the filter's listener */
	bool hooked;		 /* runtime hooks have run: poststop is due */
	struct hooks_output hooks_output;
};

#define CONTAINER_NONE                                                                             \
	((struct container){.init = PROC_NONE,                                                     \
		.sync = -1,                                                                        \
		.console = -1,                                                                     \
		.hooks_output = HOOKS_OUTPUT_NONE,                                                 \
		.rules = RULES_JOB_NONE})

/*
 * Makes it, up to `created`. On failure nothing is left. The caller ends with container_done, which
 * leaves a made container alone.
 */
int container_create(const struct globals *g, const struct container_options *o, const char *id,
	struct container *ret, struct err *e);
void container_done(struct container *c);

/* Takes down what container_create has made so far, in reverse, through errors. */
void container_undo(struct container *c);

/* What was made in the rootfs for the bottle's files to cover; what somebody has used stays. */
void container_remove_placeholders(const struct state *s);

/*
 * A connection to the living monitor of a bottle's container (sidecar_free). -ETIMEDOUT: it does
 * not answer; else it has ended, and the error says so, what follows from it (`so`), and what to
 * do.
 */
int container_sidecar(const struct state *s, const char *so, struct sidecar **ret, struct err *e);

/*
 * `created` to `running`. The caller holds the lock of s. -ECANCELED: a poststart hook failed and
 * init is killed; the caller destroys the container (runtime.md, lifecycle, step 9).
 */
int container_start(struct state *s, struct err *e);

/* The same for one that container_create made with start_at_once. */
int container_start_made(struct container *c, struct err *e);

/*
 * Stays until the init of a container that this process has made in the foreground has ended; gives
 * its lock back before. The exit status (128 and the signal) or -errno.
 */
int container_wait(struct container *c, struct err *e);

/*
 * Removes the container and all that belongs to it. force: also a running one, and a missing one is
 * success. Can be killed at any moment and repeated.
 */
int container_delete(const struct globals *g, const char *id, bool force, struct err *e);

/* The same for one whose init this process has made and seen end; c->state is still open. */
int container_delete_made(struct container *c, struct err *e);

/* That at the end of a command: `result`, or the error of the deletion where there was none yet. */
int container_delete_after(struct container *c, int result, struct err *e);

#endif
