#ifndef GATE_LFS_HASH_H
#define GATE_LFS_HASH_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/* What an object's name says of its bytes: their SHA-256, taken as they come. */
struct lfs_hash {
	struct evp_md_ctx_st *ctx;
	uint64_t len;
};

int lfs_hash_init(struct lfs_hash *h, struct err *e);
int lfs_hash_add(struct lfs_hash *h, const void *data, size_t len, struct err *e);

/* -EINVAL when the bytes are another object's than oid. Nothing can be added afterwards. */
int lfs_hash_check(struct lfs_hash *h, const char *oid, struct err *e);
void lfs_hash_done(struct lfs_hash *h);
#define cleanup_lfs_hash __attribute__((cleanup(lfs_hash_done)))

#endif
