#ifndef SHIM_UIDS_H
#define SHIM_UIDS_H

#include <stdint.h>

#include "base/err.h"
#include "bundle/plan.h"

/*
 * Slots of component uids. Two live bottles never share a uid, whichever runtime root they were
 * made under: a slot is a file in one directory of the machine, and it is taken as long as its lock
 * (flock(2)) is held. The lock dies with its holder, so nothing has to be given back after a crash.
 */
#define UIDS_DIR      "/run/bottle-shim/uids"
#define UIDS_DIR_USER "bottle-shim.uids" /* of an ordinary user, in XDG_RUNTIME_DIR */
#define UIDS_PER_SLOT 8

/* Within a slot; the components' own stand in component_kinds. */
#define UIDS_FORGE 7 /* bottle-forge */

struct uids {
	uint32_t first; /* the slot's first uid; there are UIDS_PER_SLOT of them, gids alike */
	int lock_fd;	/* owned; the slot is ours while it is open */
};

/* That directory for this process; of an ordinary user in his XDG_RUNTIME_DIR. Caller frees; NULL:
 * out of memory. */
char *uids_directory(void);

/*
 * Takes a free slot of the `n` uids from `first` on, in `dir` (made when missing, mode 0700).
 * -EAGAIN when none is free. The caller ends it with uids_release.
 */
int uids_take(const char *dir, uint32_t first, uint32_t n, struct uids *ret, struct err *e);
void uids_release(struct uids *u);

#endif
