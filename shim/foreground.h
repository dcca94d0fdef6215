#ifndef SHIM_FOREGROUND_H
#define SHIM_FOREGROUND_H

#include "base/err.h"
#include "base/proc.h"

/* `run` and `exec` that stay until their process has ended. */

/* A signalfd of all signals that can be passed on, which are blocked from now on. */
int foreground_signals(struct err *e);

/* Waits for the end of p, passing signals on. *ret_status: as of waitpid(2). */
int foreground_wait(struct proc *p, int *ret_status, struct err *e);

/* The exit status for a wait status: the process's own, or 128 and the signal. */
int foreground_status(int status);

#endif
