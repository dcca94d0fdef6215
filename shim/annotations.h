#ifndef SHIM_ANNOTATIONS_H
#define SHIM_ANNOTATIONS_H

#include <stdbool.h>

#include "base/err.h"
#include "bundle/plan.h"

/*
 * Annotations that crun gave a meaning (crun(1), "Extensions to OCI"); docs/conformance.md has the
 * whole list. An image can carry annotations, so a bottle follows none of them.
 */

/* What is followed of them: all, or in a bottle none (NULL). Borrowed from plan. */
char *const *annotations_followed(const struct plan *plan);

/* A switch: there, and neither "0" nor "false". */
bool annotations_on(char *const *annotations, bool in_bottle, const char *key);

/* Those that ask for something else than a container of ours, instead of starting that. */
int annotations_check(const struct plan *plan, struct err *e);

/* run.oci.pidfd_receiver: a socket of the host's gets init's pidfd. */
int annotations_send_pidfd(const struct plan *plan, int pidfd, struct err *e);

#endif
