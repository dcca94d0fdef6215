#ifndef GATE_LOCKDOWN_H
#define GATE_LOCKDOWN_H

#include <sys/types.h>

#include "base/err.h"

/*
 * The gate's lock-down, which git, git's helpers and ssh below it inherit: no privileges, and the
 * system calls of one table (lockdown.c). parent: who must be alive.
 */
int lockdown_enter(pid_t parent, struct err *e);

#endif
