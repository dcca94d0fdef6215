#ifndef BASE_LIBEXEC_H
#define BASE_LIBEXEC_H

#include "base/err.h"

/*
 * Opens (O_PATH) one of our own programs, for execution by descriptor: in the directory `beside`
 * (of the caller's own executable; NULL: it cannot be told), where a build tree has it, else in the
 * prefix that it was installed to, else in BOTTLE_LIBEXEC. No environment variable has a say. The
 * caller owns *ret_fd. -ENOENT names them.
 */
int libexec_open_beside(const char *beside, const char *program, int *ret_fd, struct err *e);

#endif
