#ifndef SHIM_SIDECAR_H
#define SHIM_SIDECAR_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/err.h"
#include "bundle/plan.h"
#include "shim/cgroup.h"

/*
 * The runtime's side of a bottle's monitor: the OCI commands call these and know nothing else of
 * the sidecar. All networks, components and credentials are the monitor's business.
 *
 * create:	sidecar_boot → (clone init in sidecar_netns_fd) → sidecar_attach →
 *sidecar_wait_ready → state written → sidecar_commit. Until the commit, the death of this process
 *(or sidecar_free) makes the monitor remove everything and end. later:	sidecar_connect → one of the
 *requests → sidecar_free.
 */
struct sidecar;

/* Where a sidecar belongs. Borrowed. */
struct sidecar_place {
	const char *state_dir; /* this container's, under --root; monitor.sock is put there */
	const struct cgroup
		*container;	 /* its own group is made beside it (limits: sidecar_cgroup.c);
				    NULL: the monitor stays in the caller's groups */
	struct rules_job *rules; /* begun; waited for here */
};

/*
 * Starts the monitor of plan->bottle and hands it its slice and its secrets (looked up by the
 * caller, in the order of plan->bottle->secrets). Returns when the sidecar's namespace and the CA
 * are there. A bottle that still lives in the same state directory is ended first.
 */
int sidecar_boot(const struct plan_bottle *bottle, const struct secret *secrets,
	const struct sidecar_place *place, struct sidecar **ret, struct err *e);

int sidecar_netns_fd(const struct sidecar *s);	     /* borrowed */
const char *sidecar_ca_pem(const struct sidecar *s); /* certificate only; borrowed */
pid_t sidecar_monitor_pid(const struct sidecar *s);

/* Gives the agent's network namespace and init's pidfd (both borrowed, duplicated): the monitor
 * makes the link and starts the components; does not wait. */
int sidecar_attach(struct sidecar *s, int agent_netns_fd, int init_pidfd, struct err *e);

/* Waits until each listener has answered a real request from the agent's namespace. */
int sidecar_wait_ready(struct sidecar *s, struct err *e);

/* From here on the monitor lives without this process. */
int sidecar_commit(struct sidecar *s, struct err *e);

/* Before the commit this ends the bottle: returns when the monitor has removed everything. */
void sidecar_free(struct sidecar *s);

/*
 * Connects to STATE_DIR/monitor.sock. -ECONNREFUSED or -ENOENT: the monitor has ended. -ETIMEDOUT,
 * here and from each request: it is stopped or stuck; all of them wait for 25 s at most.
 */
int sidecar_connect(const char *state_dir, struct sidecar **ret, struct err *e);

/* The agent's network namespace, a new descriptor; for exec and start. */
int sidecar_agent_netns(struct sidecar *s, int *ret_fd, struct err *e);

/* Before the user's process runs: egress network attached or made, no clash, components ready. */
int sidecar_start(struct sidecar *s, struct err *e);

/* What the monitor knows of itself, as JSON {slug, phase, ca_sha256, components, home, bottles,
 * egress, secrets (names only)}. Caller frees. */
int sidecar_status(struct sidecar *s, char **ret_json, struct err *e);

/* A value that is new or changed, for the policy that sidecar_reload brings. */
int sidecar_offer(struct sidecar *s, const char *slot, const struct secret *value, struct err *e);

/*
 * Puts a new egress policy (the body of MONITOR_RELOAD, shim/monitor_plan.h) in force. On failure
 * the old one stays in force, and nothing that was offered is kept.
 */
int sidecar_reload(struct sidecar *s, const char *json, struct err *e);

/*
 * Components stopped, everything of the bottle removed, the monitor ended and gone; a monitor that
 * does not answer is killed and cleaned up after. What revokes its deploy keys is started, and not
 * waited for.
 */
int sidecar_stop(struct sidecar *s, struct err *e);

/* Whether there is, or was and was not wholly removed, a sidecar of this directory. */
bool sidecar_present(const char *state_dir);

/*
 * Removes what a monitor that died left behind, from what STATE_DIR tells. Idempotent; also right
 * when nothing is there.
 */
int sidecar_cleanup(const char *state_dir, struct err *e);

#endif
