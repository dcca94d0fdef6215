#ifndef SHIM_STORE_COMMIT_H
#define SHIM_STORE_COMMIT_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/err.h"
#include "shim/store.h"

/*
 * The next number of a store is put together from what a writer left in new/out: at most one pack,
 * pack-HASH.{pack,idx,rev}, and the files "tips" and "view". The writer has ended with all its
 * processes; what it left is nobody's but may be anything.
 */
#define STORE_OUT      "out"
#define STORE_OUT_TIPS "tips" /* of the store; becomes packed-refs */
#define STORE_OUT_VIEW "view" /* of the view of the bottle that brought it */

struct store_result {
	const struct store *store;
	uid_t writer;  /* whose the files must be */
	bool keep_old; /* the packs that are there belong to it, too */
};

/*
 * Puts it in force; *ret_fd (the caller's) is the new number's directory. Killed at any moment,
 * either the old number is in force or the new one. -EPROTO for what no writer of ours leaves.
 */
int store_commit(const struct store_result *w, int out_fd, int *ret_fd, struct err *e);

#endif
