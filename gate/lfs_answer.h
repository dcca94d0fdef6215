#ifndef GATE_LFS_ANSWER_H
#define GATE_LFS_ANSWER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

/*
 * What bottle-lfs says: on standard output, as RFC 3875 section 6 has it, once a run. A refusal is
 * git-lfs' own: {"message": …} (its docs/api/batch.md, "Response Errors"), which it shows.
 */

struct lfs_out {
	bool begun; /* something was said: nothing else can be any more */
};

/* A whole body of application/vnd.git-lfs+json; "" is none. status: of HTTP. */
int lfs_answer_json(struct lfs_out *out, int status, const char *body, struct err *e);

/* The head of an object's bytes, of which exactly this many have to follow. */
int lfs_answer_object(struct lfs_out *out, uint64_t size, struct err *e);

/* Tells why, with the status that goes with its code. */
int lfs_answer_refusal(struct lfs_out *out, const struct err *why, struct err *e);

/*
 * The codes that stand for more than "something failed" (502) and their status:
 *
 *	EINVAL	   400	a request that git-lfs does not make
 *	EACCES	   403	a host that the manifest does not name, what the upstream forbids
 *	ENOENT	   404	no such thing, or no LFS at all
 *	EFBIG	   413	larger than the manifest allows
 *	EEXIST	   409	locked by somebody already
 *	EBADMSG	   403	findings: after a 422 git-lfs pushes on without the object
 *	EAGAIN	   429	the upstream is asked too often
 *	EOPNOTSUPP 501	a way of transfer or a hash that is not known here
 *	ENOSPC	   507	this gate's disk is full
 */
int lfs_answer_status(const struct err *why);

/* And back: the code for a status that an upstream answered with. */
int lfs_answer_code(int status);

#endif
