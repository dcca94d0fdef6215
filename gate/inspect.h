#ifndef GATE_INSPECT_H
#define GATE_INSPECT_H

#include <stdint.h>

#include "base/err.h"
#include "gate/git.h"
#include "scan/serve_client.h"

/*
 * Reads everything that a push would publish. Objects are listed and read by git itself, as stored:
 * no attribute, filter, replacement or configuration of the pushed tree has a say.
 */
enum inspect_kind {
	INSPECT_COMMIT,	 /* message, author, committer, any header */
	INSPECT_TREE,	 /* names in a directory */
	INSPECT_BLOB,	 /* files, targets of symlinks, .gitmodules */
	INSPECT_TAG,	 /* message, tagger */
	INSPECT_PATH,	 /* a whole path */
	INSPECT_REQUEST, /* name of a ref, push option */
	INSPECT_KINDS
};

/* Findings, and warnings, beyond these are counted only. */
#define INSPECT_TOLD_MAX 20

struct inspect_finding {
	enum inspect_kind kind;
	char oid[65];		   /* of the object, or "" */
	struct serve_finding said; /* path: as git lists it, or the text's name; may be "" */
};

struct inspect_told {
	struct inspect_finding list[INSPECT_TOLD_MAX];
	size_t n;
};

struct inspection {
	/* Known after inspect_finish only. */
	size_t n_found, n_warnings; /* all of them */
	struct inspect_told found, warnings;
	size_t objects[INSPECT_KINDS]; /* how many of each were read whole */
	uint64_t left;		       /* bytes that may still be read of objects, unpacked */
	struct serve_client *scanner;
	struct str paths; /* read by the scanner some at a time */
	/* what is being read */
	enum inspect_kind kind;
	char oid[65];
	const char *path;
};

/*
 * door: of bottle-scan, borrowed. max_bytes: of all objects together as they are when unpacked;
 * more is -EFBIG from inspect_objects. Owner: the caller (inspect_done).
 */
int inspect_init(struct inspection *in, int door, uint64_t max_bytes, struct err *e);
void inspect_done(struct inspection *in);
#define cleanup_inspection __attribute__((cleanup(inspect_done)))

/* Text that is in no object. name: "name of the ref", borrowed during the call. */
int inspect_text(struct inspection *in, const char *name, const char *text, struct err *e);

/*
 * All objects that are reachable from what `revisions` names (lines "OID" and "^OID") are read, all
 * of each. -errno when any of it could not be: nothing may be published then. job: as for git_run,
 * without args and input.
 */
int inspect_objects(struct inspection *in, const struct git_job *job, const struct str *revisions,
	struct err *e);

/* After the last: what was found in all of it. On failure nothing of it counts as read. */
int inspect_finish(struct inspection *in, struct err *e);

#endif
