#ifndef FORGE_LOCKDOWN_H
#define FORGE_LOCKDOWN_H

#include "base/err.h"

/* Sockets and memory from here on: no file, no program, no process. Not to be undone. */
int forge_lockdown(struct err *e);

#endif
