#ifndef SHIM_SECCOMP_ENOSYS_H
#define SHIM_SECCOMP_ENOSYS_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "bundle/oci.h"

/*
 * A profile cannot know the system calls that were added after it was written. C libraries try
 * those first and fall back on ENOSYS only, so a default of EPERM breaks programs on newer kernels.
 * As runc does, the filter gets a few instructions in front that answer ENOSYS for every number
 * above the highest that the profile names.
 *
 * def: the default action; nothing is done for one that lets calls pass, or is ENOSYS already. The
 * filter (struct sock_filter[], len in bytes) is replaced.
 */
int seccomp_enosys_prepend(
	const struct oci_seccomp *s, uint32_t def, void **filter, size_t *len, struct err *e);

#endif
