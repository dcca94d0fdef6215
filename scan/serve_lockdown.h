#ifndef SCAN_SERVE_LOCKDOWN_H
#define SCAN_SERVE_LOCKDOWN_H

#include <sys/types.h>

#include "base/err.h"

/*
 * From here on the process reads what is sent to it, and answers: it opens, connects and executes
 * nothing. parent: as confine_die_with_parent has it. Not to be undone.
 */
int serve_lockdown(pid_t parent, struct err *e);

#endif
