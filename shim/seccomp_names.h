#ifndef SHIM_SECCOMP_NAMES_H
#define SHIM_SECCOMP_NAMES_H

#include <seccomp.h>
#include <stdint.h>

#include <jansson.h>

#include "base/err.h"

/*
 * The words of linux.seccomp (runtime-spec config-linux.md, "Seccomp") and their numbers. What is
 * not in these tables is an error, and `features` is made from them.
 */

/*
 * The action with its errno in it. errno_ret: NULL for the default (EPERM); for an action that has
 * no errno it must be NULL, as the specification demands.
 */
int seccomp_find_action(const char *name, const uint32_t *errno_ret, uint32_t *ret, struct err *e);

int seccomp_find_operator(const char *name, enum scmp_compare *ret, struct err *e);

/* SCMP_ARCH_… */
int seccomp_find_arch(const char *name, uint32_t *ret, struct err *e);

/* SECCOMP_FILTER_FLAG_…; 0 for one that means nothing here. */
int seccomp_find_flag(const char *name, unsigned int *ret, struct err *e);

/* Names for `features`: {"enabled", "actions", "operators", "archs", "knownFlags", …}. */
json_t *seccomp_features(void);

#endif
