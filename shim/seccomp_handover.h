#ifndef SHIM_SECCOMP_HANDOVER_H
#define SHIM_SECCOMP_HANDOVER_H

#include "base/err.h"

/*
 * Who loads a filter with a listener is under that filter at once, and may be allowed neither
 * sendmsg(2) nor to wait for anybody; if it asks the agent for leave to do so, it waits for ever.
 * So a second thread, which no filter binds, is started before, and hands the listener over; the
 * first one watches a word of their memory meanwhile and makes no system call.
 */
struct seccomp_handover;

/* agent: a connected socket, which is taken; text: what is sent with the listener, borrowed. */
int seccomp_handover_begin(
	int agent, const char *text, struct seccomp_handover **ret, struct err *e);

/*
 * Hands over listener (borrowed; -1: there is none, after a failure) and ends the thread. h is not
 * freed, which would be a system call: the caller is about to execute another program or to end.
 */
int seccomp_handover_end(struct seccomp_handover *h, int listener, struct err *e);

#endif
