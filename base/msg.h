#ifndef BASE_MSG_H
#define BASE_MSG_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/*
 * Messages between the runtime, the monitor and the components: over a SOCK_SEQPACKET socket, so
 * that one send is one receive. A body that does not fit a packet travels in a sealed memfd, which
 * these functions hide. Descriptors arrive close-on-exec.
 */
#define MSG_BODY_MAX (4U << 20)
#define MSG_FDS_MAX  8

struct msg {
	uint32_t type;
	size_t len;
	char *body;	      /* owned; NUL-terminated behind len; never NULL after a receive */
	int fds[MSG_FDS_MAX]; /* owned; take with steal_fd */
	size_t n_fds;
};

void msg_done(struct msg *m); /* wipes and frees the body, closes what was not taken */
#define cleanup_msg __attribute__((cleanup(msg_done)))

int msg_pair(int ret[2], struct err *e);

/* Blocks until sent. Borrows body and fds. 0, or -errno (-EPIPE: the other side is gone). */
int msg_send(int sock, uint32_t type, const void *body, size_t len, const int *fds, size_t n_fds,
	struct err *e);

/*
 * Receives one message into m (msg_done'd by the caller). 1; 0 at end of file; -EAGAIN on an empty
 * non-blocking socket; -EPROTO for anything malformed.
 */
int msg_recv(int sock, struct msg *m, struct err *e);

#endif
