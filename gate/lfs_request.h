#ifndef GATE_LFS_REQUEST_H
#define GATE_LFS_REQUEST_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

/* What git-lfs may ask for; nothing else is answered (git-lfs' docs/api: batch.md, locking.md). */
enum lfs_kind {
	LFS_BATCH,	 /* POST /objects/batch */
	LFS_DOWNLOAD,	 /* GET /objects/OID?size=N: an address that we made */
	LFS_UPLOAD,	 /* PUT /objects/OID, the same */
	LFS_LOCKS,	 /* GET /locks?… */
	LFS_LOCK,	 /* POST /locks */
	LFS_LOCK_VERIFY, /* POST /locks/verify */
	LFS_UNLOCK,	 /* POST /locks/ID/unlock */
};

#define LFS_OID_LEN 64 /* hexadecimal SHA-256, lower case */

struct lfs_request {
	enum lfs_kind kind;
	char oid[LFS_OID_LEN + 1]; /* of DOWNLOAD and UPLOAD */
	uint64_t size;		   /* of DOWNLOAD, bytes */
	const char *path;	   /* borrowed; of the others fit to be sent on as it is */
};

/*
 * path: below …/info/lfs, with its query. -ENOENT for what is none of these, -EINVAL for one of
 * them with words in it that it cannot have.
 */
int lfs_request_parse(const char *method, const char *path, struct lfs_request *ret, struct err *e);

/* 64 hexadecimal digits in lower case: a SHA-256. */
bool lfs_oid_ok(const char *oid);

/*
 * The address of an object at this gate, for the agent's git-lfs. repo: name of the repository.
 * Owned by the caller; NULL when memory ran out.
 */
char *lfs_object_url(const char *repo, const char *oid, uint64_t size);

#endif
