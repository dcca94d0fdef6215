#ifndef SHIM_SCM_H
#define SHIM_SCM_H

#include "base/err.h"

/*
 * Descriptors for programs that are not ours (console sockets, seccomp agents): one message on a
 * stream socket, one descriptor, as unix(7) SCM_RIGHTS.
 */

/* Connects to a listening stream socket of the host. The caller owns the descriptor. */
int scm_connect(const char *path, struct err *e);

/* Sends text and fd (both borrowed). */
int scm_send(int sock, const char *text, int fd, struct err *e);

/* Receives one descriptor, close-on-exec; the text is dropped. -EPIPE at the end of file. */
int scm_receive(int sock, struct err *e);

#endif
