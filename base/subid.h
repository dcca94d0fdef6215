#ifndef BASE_SUBID_H
#define BASE_SUBID_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"

/*
 * The ids that an administrator has given to an ordinary user beside his own: lines of
 * USER:FIRST:COUNT (subuid(5), subgid(5)); USER is a name or a number.
 */
#define SUBID_UIDS	 "/etc/subuid"
#define SUBID_GIDS	 "/etc/subgid"
#define SUBID_RANGES_MAX 16

struct subid_range {
	uint32_t first, count; /* count is never 0 */
};

struct subid {
	struct subid_range ranges[SUBID_RANGES_MAX];
	size_t n;
	uint32_t total; /* of all counts */
};

/* Those of `uid` in `file`, in its order; a missing file gives none. */
int subid_read(const char *file, uid_t uid, struct subid *ret, struct err *e);

/*
 * Of `width` ids that a user namespace has from 0 on, the first one that its bottles keep for their
 * sidecars: from there to the end nothing of an agent's is mapped. 0: too few to share.
 */
uint32_t subid_sidecars_first(uint32_t width);

#endif
