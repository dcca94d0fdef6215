#ifndef GATE_CHANGES_H
#define GATE_CHANGES_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/str.h"
#include "gate/git.h"

/*
 * What each commit of a range brings that none of its parents has, in one walk: a file that was
 * renamed, made executable or taken from nowhere in a merge stands there with its new name. Newest
 * commits first.
 */
struct change {
	const char *commit; /* all borrowed, during the call */
	const char *tip;    /* the revision through which the commit was reached */
	const char *oid;    /* of the blob, tree or submodule's commit */
	const char *path;   /* "": the commit's whole tree */
	bool is_blob;
};

typedef int changes_fn(void *arg, const struct change *c, struct err *e);

struct changes {
	struct proc git;
	int fd;
	size_t n_commits; /* read so far */
};

#define CHANGES_NONE ((struct changes){.git = PROC_NONE, .fd = -1})

/*
 * Starts the walk over what `revisions` (lines "OID" and "^OID") name; it goes on by itself as far
 * as a pipe lets it. job: as for git_run, without args and input. Owner: the caller (changes_done).
 */
int changes_start(
	struct changes *c, const struct git_job *job, const struct str *revisions, struct err *e);

/*
 * Reads it to its end, calling found for each change and, first, once for each commit's whole tree;
 * a failure of found ends it. 0 only when git said that this was all.
 */
int changes_read(struct changes *c, changes_fn *found, void *arg, struct err *e);

void changes_done(struct changes *c);
#define cleanup_changes __attribute__((cleanup(changes_done)))

/* For changes_read, apart from it for the sake of tests: a record of `git log --raw` and the next.
 */
struct changes_record {
	char commit[65], tip[65], tree[65];
	char oid[65];
	bool is_blob, is_gone;
};

/* "@COMMIT TREE TIP". -EPROTO for anything else. */
int changes_parse_commit(const char *text, struct changes_record *ret, struct err *e);
/* ":MODES OIDS STATUS", as many ':' as parents. -EPROTO for anything else. */
int changes_parse_raw(const char *text, struct changes_record *ret, struct err *e);

#endif
