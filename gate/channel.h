#ifndef GATE_CHANNEL_H
#define GATE_CHANNEL_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/*
 * What the process of a connection, or a hook of git's below it, and the gate say to each other:
 * messages (base/msg.h) over GATE_FD_CHANNEL. PROPOSE and STORE the gate passes on to the monitor.
 */
enum channel_msg {
	/* connection → gate */
	CHANNEL_SERVING = 1, /* git talks with the agent: idleness counts from here on */
	CHANNEL_BUSY,	     /* the upstream may have accepted a push from here on */
	CHANNEL_PROPOSE,     /* body: {"tool", "proposed_file", "justification"}, JSON */
	CHANNEL_STORE,	     /* as COMPONENT_STORE */
	CHANNEL_FETCHED,     /* body: name of the repository, whose mirror has got something new */
	CHANNEL_DONE,	     /* a push has ended and the agent has its answer; more may follow */
	/* gate → connection */
	CHANNEL_ANSWER = 64, /* body: {"status", "notes"}, JSON */
};

/* Sends one without body and descriptors. -EPIPE: the gate is gone. */
int channel_tell(enum channel_msg what, struct err *e);

/* The mirror of this repository has got something new. -EPIPE as above. */
int channel_fetched(const char *repo, struct err *e);

/* fds are borrowed. */
int channel_store(const char *repo, int pack_fd, int refs_fd, struct err *e);

/*
 * Proposes and waits. *ret: the answer's JSON text, caller frees. -ETIMEDOUT when nobody answered
 * within timeout_ms. One at a time.
 */
int channel_propose(const char *json, int timeout_ms, char **ret, struct err *e);

#endif
