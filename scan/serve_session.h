#ifndef SCAN_SERVE_SESSION_H
#define SCAN_SERVE_SESSION_H

#include "scan/scan.h"

/* One connection of bottle-scan's (scan/serve_wire.h), from its first record to its last. */
struct session;

/* Takes the descriptor, also on failure. The rules must outlive it. Owner: the caller. */
int session_new(const struct scan_rules *rules, int fd, struct session **ret, struct err *e);
void session_free(struct session *s); /* wipes what it has read */

int session_fd(const struct session *s); /* borrowed */

/*
 * Reads once, never waits, and does what was asked. 1: there may be more; 0: it is over, well or
 * not; what went wrong was told to the client.
 */
int session_step(struct session *s);

#endif
