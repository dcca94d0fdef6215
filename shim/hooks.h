#ifndef SHIM_HOOKS_H
#define SHIM_HOOKS_H

#include <jansson.h>

#include "base/err.h"
#include "bundle/oci.h"

/*
 * Hooks (runtime-spec config.md, "POSIX-platform Hooks"): programs of the engine's, each given the
 * container's state on standard input, ended when its timeout is over. In order; the first failure
 * ends the list. dir: working directory, or NULL.
 */
int hooks_run(const struct oci *oci, enum oci_hook_kind kind, json_t *state, const char *dir,
	struct err *e);

/* As above for poststop: failures are logged, all hooks run. */
void hooks_run_all(const struct oci *oci, enum oci_hook_kind kind, json_t *state, const char *dir);

#endif
