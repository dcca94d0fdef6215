#ifndef CONTROL_SCRATCH_H
#define CONTROL_SCRATCH_H

#include "base/err.h"

/*
 * The directory of one `bottle run`, which holds its bundle. Its name is the container's id. It is
 * locked as long as its run lives, so that a later run can tell what a killed one left behind.
 */
struct scratch {
	char *path; /* owned */
	char *id;   /* last part of the path; borrowed from it */
	int dirfd;  /* owned; holds the lock */
};

#define SCRATCH_NONE ((struct scratch){.dirfd = -1})

/* Makes a new, locked one: for root in /run, for others in XDG_RUNTIME_DIR. */
int scratch_make(struct scratch *ret, struct err *e);

/* Removes it with all that is in it; never crosses into what is mounted there. */
int scratch_remove(struct scratch *s, struct err *e);

/* Locks one that no living run holds, for the caller to remove: 1; 0 when there is none. */
int scratch_take_stale(struct scratch *ret, struct err *e);

void scratch_done(struct scratch *s); /* lets go of the lock; removes nothing */
#define cleanup_scratch __attribute__((cleanup(scratch_done)))

#endif
