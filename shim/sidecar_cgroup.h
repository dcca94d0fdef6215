#ifndef SHIM_SIDECAR_CGROUP_H
#define SHIM_SIDECAR_CGROUP_H

#include <stdbool.h>

#include "base/err.h"
#include "shim/cgroup.h"

/*
 * The group in which a bottle's monitor and components live, beside the container's: what the agent
 * is limited to does not starve its sidecar, nor the other way round. The runtime makes it before
 * the monitor is born and removes it when that has ended; what it is stands in
 * STATE_DIR/sidecar-cgroup.json.
 */

/* The caller frees *ret (cgroup_free), which leaves the group. On failure nothing is left. */
int sidecar_cgroup_make(
	const char *state_dir, const struct cgroup *container, struct cgroup **ret, struct err *e);

bool sidecar_cgroup_exists(const char *state_dir);

/* Kills what is in it and removes it. Idempotent; nothing to do without the file. */
int sidecar_cgroup_remove(const char *state_dir, struct err *e);

#endif
