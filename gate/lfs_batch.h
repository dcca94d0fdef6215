#ifndef GATE_LFS_BATCH_H
#define GATE_LFS_BATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "gate/lfs_link.h"
#include "gate/lfs_request.h"

/* git-lfs' batch API (its docs/api/batch.md): which of these objects are there, and where. */
struct lfs_object {
	char oid[LFS_OID_LEN + 1];
	uint64_t size; /* bytes */
};

struct lfs_batch {
	bool upload;
	char *ref; /* "refs/heads/main", or NULL */
	struct lfs_object *list;
	size_t n;
};

/* Objects of one request; git-lfs asks for 100 at a time. */
#define LFS_BATCH_MAX 1000

/*
 * What an agent asks. -EINVAL when it is nothing that git-lfs asks, -EFBIG for too many objects,
 * -EOPNOTSUPP for a hash or a way of transfer that is not known here. Owner: the caller
 * (lfs_batch_done).
 */
int lfs_batch_parse(const char *text, size_t len, struct lfs_batch *ret, struct err *e);

/* One object. */
int lfs_batch_one(
	bool upload, const struct lfs_object *object, struct lfs_batch *ret, struct err *e);

void lfs_batch_done(struct lfs_batch *b);
#define cleanup_lfs_batch __attribute__((cleanup(lfs_batch_done)))

/* The request in our own words: nothing of the agent's goes on but names and sizes. Caller frees;
 * NULL when memory ran out. */
char *lfs_batch_ask(const struct lfs_batch *b);

/* Whether an object may go to or come from an address: 0 or -errno and why not. */
struct lfs_allow {
	int (*check)(void *arg, const char *oid, const char *href, struct err *e);
	void *arg;
};

/*
 * An upstream's answer, as the agent may read it: the addresses are this gate's
 * (lfs_object_url of `repo`), there are no header fields, words are made fit for a terminal. Only
 * what was asked for is told, all of it. -EPROTO for an answer that is none, or names more than
 * was asked for. *ret: caller frees.
 */
int lfs_batch_answer(const struct lfs_batch *b, const json_t *answer, const char *repo,
	const struct lfs_allow *allow, char **ret, struct err *e);

/* What the upstream says of the one object of b. */
struct lfs_actions {
	struct lfs_link transfer, verify; /* href NULL: there is none */
	bool authenticated;		  /* nothing is to be added */
};

/*
 * -ENOENT, or the code of what it says (lfs_answer_code), when it has no such object or refuses;
 * an upload without a transfer means that the upstream has the object. Owner: the caller
 * (lfs_actions_done).
 */
int lfs_batch_actions(
	const struct lfs_batch *b, const json_t *answer, struct lfs_actions *ret, struct err *e);
void lfs_actions_done(struct lfs_actions *a);
#define cleanup_lfs_actions __attribute__((cleanup(lfs_actions_done)))

#endif
