#ifndef SHIM_RELOAD_H
#define SHIM_RELOAD_H

#include <stdbool.h>

#include "base/err.h"
#include "base/str.h"

/*
 * A bottle's manifests read again, for its egress process: `bottle-shim reload`, and what the
 * monitor runs for SIGHUP (`bottle-monitor reload STATE_DIR`).
 */
#define RELOAD_VERB "reload"

/*
 * Reads, checks, looks up what is new, and waits until the new policy is in force. Whatever fails,
 * the old one stays. with_env: as for plan_secret_find. problems: of several in the manifests each
 * is a line there, and e says how many there are.
 */
int reload_run(const char *state_dir, bool with_env, struct str *problems, struct err *e);

/* `bottle-monitor reload`: what fails goes to standard error, the monitor's log. Exit status. */
int reload_serve(const char *state_dir);

#endif
