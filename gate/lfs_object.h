#ifndef GATE_LFS_OBJECT_H
#define GATE_LFS_OBJECT_H

#include <stdint.h>

#include "base/err.h"
#include "gate/lfs_answer.h"
#include "gate/lfs_batch.h"
#include "gate/upstream.h"

/* The bytes of one large file, from an agent or to it. Memory is flat whatever its size. */

/*
 * Takes an object from standard input and publishes it: first all of it into a file without a name,
 * where its length and hash are compared with its name and bottle-scan reads it; only then the
 * upstream hears of it, is asked where it goes, gets it, and is asked to verify it. length: bytes,
 * as the agent told; -1: it did not.
 */
int lfs_object_upload(const struct upstream *u, const char *oid, int64_t length,
	struct lfs_out *out, struct err *e);

/*
 * Answers with an object's bytes as they come. Its hash is known at the end only: the last of them
 * are held back until it is, so that what is not the object never comes whole.
 */
int lfs_object_download(const struct upstream *u, const struct lfs_object *object,
	struct lfs_out *out, struct err *e);

#endif
