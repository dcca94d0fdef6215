#ifndef SHIM_LIBEXEC_H
#define SHIM_LIBEXEC_H

#include "base/err.h"

/* As libexec_open_beside (base/libexec.h), beside this program; right in a protected copy, too. */
int libexec_open(const char *program, int *ret_fd, struct err *e);

#endif
