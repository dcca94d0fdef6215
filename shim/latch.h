#ifndef SHIM_LATCH_H
#define SHIM_LATCH_H

#include <stdbool.h>

#include "base/err.h"

/*
 * What init waits at between `create` and `start`: the place of runc's exec.fifo. It is a listening
 * unix socket in the state directory, since a FIFO could only say "go", and `start` must also hear
 * whether the user's process was executed: the connection is closed by a successful execve, and
 * carries a struct err otherwise.
 *
 *	create	latch_make, then clones init, which keeps the descriptor
 *	init	latch_wait, last preparations, execve or latch_fail
 *	start	latch_release: returns when the user's process runs or could not
 */
#define LATCH_FILE "exec.sock"

/* Makes LATCH_FILE below dirfd and returns the listening descriptor, or -errno. */
int latch_make(int dirfd, struct err *e);

/* Waits for a `start`. Returns the connection (close-on-exec) or -errno; takes listener. */
int latch_wait(int listener, struct err *e);

/* Tells `start` why there is no process. Best effort: the caller ends anyway. */
void latch_fail(int connection, const struct err *why);

/*
 * What became of it: 0 at the end of the connection, by execve; the error of latch_fail else. The
 * connection may be any socket whose other end is init's alone.
 */
int latch_outcome(int connection, struct err *e);

/* Whether LATCH_FILE is there: the container was created and not started. */
bool latch_present(int dirfd);

/* In two steps for `start`: first the connection, … */
int latch_connect(int dirfd, struct err *e);

/* … then "go"; removes LATCH_FILE when the process runs; its error otherwise. Takes connection. */
int latch_release(int dirfd, int connection, struct err *e);

#endif
