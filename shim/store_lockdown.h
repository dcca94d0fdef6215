#ifndef SHIM_STORE_LOCKDOWN_H
#define SHIM_STORE_LOCKDOWN_H

#include <sys/types.h>

#include "base/err.h"

/*
 * The lock-down of a store's writer, which git below it inherits: no privileges, and the system
 * calls of one table: no sockets, no namespaces, no other processes' memory. parent: who must be
 * alive.
 */
int store_lockdown_enter(pid_t parent, struct err *e);

#endif
