#ifndef CONTROL_RUNTIME_H
#define CONTROL_RUNTIME_H

#include "base/err.h"
#include "base/proc.h"

/* `bottle-shim` as this program's child. */

/* Its path: it stands beside this program. Caller frees; NULL when memory ran out. */
char *runtime_find(void);

/* Blocks INT, TERM, HUP and QUIT, which would end this program before it has cleaned up, and
 * returns a descriptor (signalfd(2), owned by the caller) that they arrive at. */
int runtime_catch_signals(struct err *e);

/* Starts it with this program's stdio and environment. It gets TERM when this program dies. */
int runtime_spawn(const char *path, char **argv, struct proc *ret, struct err *e);

/*
 * Waits for its end and hands on the signals that arrive meanwhile, but for those of the terminal,
 * which it got itself. RUNTIME_GRACE_MS after the first of them its container `id` is deleted. Its
 * exit status as a shell would tell it, or -errno.
 */
int runtime_watch(int signals, struct proc *runtime, const char *path, char *id, struct err *e);

#define RUNTIME_GRACE_MS 2000

/* `delete --force ID`, in silence: right in whatever state the container is, or when it has gone.
 */
int runtime_delete(const char *path, char *id, struct err *e);

#endif
