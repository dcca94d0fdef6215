#ifndef GATE_LFS_TALK_H
#define GATE_LFS_TALK_H

#include <jansson.h>
#include <stdbool.h>

#include "base/err.h"
#include "gate/lfs_batch.h"
#include "gate/lfs_http.h"

/* One conversation with an upstream's LFS: where it is, what lets us in, an open connection. */
struct lfs_talk {
	const struct upstream *upstream;
	bool upload;
	struct lfs_link endpoint;
	struct lfs_http *http;
};

/* -ENOENT: the upstream has none. Owner: the caller (lfs_talk_close). */
int lfs_talk_open(const struct upstream *u, bool upload, struct lfs_talk *ret, struct err *e);
void lfs_talk_close(struct lfs_talk *t);
#define cleanup_lfs_talk __attribute__((cleanup(lfs_talk_close)))

/*
 * One request below the endpoint. body: JSON, or NULL. *ret: the answer, an object, of any status
 * of success; the caller's. -errno for any other status (lfs_http_refused).
 */
int lfs_talk_ask(struct lfs_talk *t, const struct lfs_http_call *call, int *ret_status,
	json_t **ret, struct err *e);

/* Asks for a batch. *ret: the answer, an object; the caller's. */
int lfs_talk_batch(struct lfs_talk *t, const struct lfs_batch *b, json_t **ret, struct err *e);

/* Whether an address of an answer may be used; gate/lfs_batch.h. */
struct lfs_allow lfs_talk_allow(const struct lfs_talk *t);

#endif
