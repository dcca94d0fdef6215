#ifndef GATE_LFS_H
#define GATE_LFS_H

#include <stdint.h>

#include "base/err.h"
#include "base/proc.h"
#include "gate/session.h"

/*
 * Large files: what an agent's git-lfs asks of http://git-gate:9420/NAME.git/info/lfs is answered
 * by bottle-lfs, a program of its own since it alone has libcurl. It is run once a request, as git
 * http-backend is, and answers in the same form (RFC 3875, section 6: "Status: 200 OK", other
 * fields, an empty line, the body), refusals too. Where the answer has a Content-Length and ends
 * before it, what came is not to be used: whoever passes it on breaks the connection off.
 */
struct lfs_job {
	const struct session *session;
	const char *method; /* "POST" */
	const char *path;   /* what follows /NAME.git/info/lfs, with its query, as it was sent */
	int64_t length;	    /* of the body, bytes; -1: its end tells */
};

/*
 * Starts it. in: the request's body, to its end (-1: none); out: gets the answer. Both are
 * borrowed and may be sockets or pipes. It writes to the gate's log as the caller does, tells the
 * gate by the caller's channel (gate/channel.h) when it begins to publish, and dies with the
 * caller.
 */
int lfs_start(const struct lfs_job *job, int in, int out, struct proc *ret, struct err *e);

/* Of another body than an object's, bytes. An object's is bounded by the policy (max_object). */
#define LFS_BODY_MAX (1U << 20)

#endif
