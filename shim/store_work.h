#ifndef SHIM_STORE_WORK_H
#define SHIM_STORE_WORK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

/*
 * What the writer of a store does, with directories that its monitor gave it. What it is brought is
 * hostile: a pack and a list of refs from a gate that may be taken over.
 *
 * Take: the pack is checked and completed by `git index-pack --strict` in a repository of the
 * writer's own, which borrows from the store and from what the bottle has of it.
 *
 * Choose: `git pack-objects --revs` writes, out of that, what the refs lead to and the store lacks.
 * What they do not lead to gets nowhere; what they lead to and is missing fails.
 *
 * Tell: the tips: the refs' ids, and those of before that the refs do not lead to any more.
 *
 * Tidying has no pack: the store's own is made one, without what only tips of before lead to.
 */
struct store_work {
	const char *now;   /* the repository in force; need not exist */
	const char *view;  /* the bottle's */
	const char *place; /* an empty directory to work in; the result stands in place/out */
	bool tidy;
	int pack_fd, refs_fd; /* -1: tidy */
};

/* The three, or the tidying. After a failure what stands in place/out is not to be used. */
int store_work(const struct store_work *w, struct err *e);

#endif
