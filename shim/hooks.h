#ifndef SHIM_HOOKS_H
#define SHIM_HOOKS_H

#include <jansson.h>

#include "base/err.h"
#include "bundle/oci.h"

/*
 * Hooks (runtime-spec config.md, "POSIX-platform Hooks"): programs of the engine's, each given the
 * container's state on standard input and nothing else of ours, ended with all that it started
 * when its timeout is over. In order; the first failure ends the list.
 */

/* What a hook prints goes into the error when it fails, or into files that annotations name. */
struct hooks_output {
	int out, err; /* owned; -1: none */
};

#define HOOKS_OUTPUT_NONE ((struct hooks_output){.out = -1, .err = -1})

struct hooks_place {
	const char *dir;  /* working directory, or NULL */
	char *const *env; /* of a hook without `env`; NULL: the caller's */
	const struct hooks_output *output;
	/* In the hook's process, last before its program is executed; or NULL. */
	int (*in_child)(void *arg, struct err *e);
	void *arg;
};

/*
 * run.oci.hooks.stdout and .stderr: files of the host, appended to, made if missing. In a bottle
 * they are not followed: an image can carry annotations.
 */
int hooks_output_open(
	char *const *annotations, bool in_bottle, struct hooks_output *ret, struct err *e);
void hooks_output_done(struct hooks_output *o);

/*
 * Runs those of one kind, in the caller's namespaces and with its rights. state (borrowed): what
 * they are given. The error names the kind and the number of the hook that failed.
 */
int hooks_run(const struct oci *oci, enum oci_hook_kind kind, json_t *state,
	const struct hooks_place *place, struct err *e);

/* As above for poststop: failures are logged, all hooks run. */
void hooks_run_all(const struct oci *oci, enum oci_hook_kind kind, json_t *state,
	const struct hooks_place *place);

#endif
