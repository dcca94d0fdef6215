#ifndef SHIM_SIGNAL_NAME_H
#define SHIM_SIGNAL_NAME_H

#include "base/err.h"

/* "9", "KILL", "SIGKILL", "sigkill", "RTMIN+3" (signal(7)). The number, or -EINVAL. */
int signal_number(const char *text, struct err *e);

#endif
