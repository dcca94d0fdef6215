#ifndef SHIM_CAPS_H
#define SHIM_CAPS_H

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

#include "base/err.h"
#include "bundle/oci.h"

/* The five capability sets of a process (capabilities(7)), a bit a capability. */
struct caps {
	uint64_t set[OCI_CAP_SETS]; /* by enum oci_cap_set */
};

/*
 * Names to bits. A name that neither we nor the kernel know is warned about and skipped. Absent
 * process.capabilities are empty sets, as in runc.
 */
int caps_resolve(const struct oci_process *process, struct caps *ret, struct err *e);

/* Drops from the bounding set what is not in it. Needs CAP_SETPCAP; before the uid changes. */
int caps_drop_bounding(const struct caps *caps, struct err *e);

/* Keeps the permitted set over the change of uid that follows (prctl PR_SET_KEEPCAPS). */
int caps_keep_over_setuid(struct err *e);

/* Whether caps_apply will leave this capability (a number) in the effective set. */
bool caps_will_have(const struct caps *caps, int capability);

/* Makes all that is permitted effective: a change from uid 0 has cleared it. */
int caps_raise(struct err *e);

/*
 * After the uid change: effective, permitted, inheritable, and last the ambient set. What the
 * caller does not have itself cannot be given and is left out: a host that withholds a capability
 * from root can still run containers that ask for all of them.
 */
int caps_apply(const struct caps *caps, struct err *e);

/* Number of "CAP_…", in either case; -1: unknown. */
int caps_number(const char *name);

/* Names known to this program and this kernel, for `features`. New reference or NULL. */
json_t *caps_names(void);

#endif
