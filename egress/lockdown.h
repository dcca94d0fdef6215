#ifndef EGRESS_LOCKDOWN_H
#define EGRESS_LOCKDOWN_H

#include <sys/types.h>

#include "base/err.h"

/*
 * The last step before egress serves: it dies with its monitor, has no capability, and may from
 * here on make only the system calls of the table. It cannot open a file, start a process, or
 * listen.
 */
/* parent: who it was when the program began. */
int lockdown(pid_t parent, struct err *e);

#endif
