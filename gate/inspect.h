#ifndef GATE_INSPECT_H
#define GATE_INSPECT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/str.h"
#include "scan/serve_client.h"

/*
 * The texts of a push on their way to the scanner, and what it found in them. gate/objects.h says
 * what there is to be read.
 */
enum inspect_kind {
	INSPECT_COMMIT,	 /* message, author, committer, any header */
	INSPECT_TREE,	 /* names in a directory */
	INSPECT_BLOB,	 /* files, targets of symlinks, .gitmodules */
	INSPECT_TAG,	 /* message, tagger */
	INSPECT_LINKS,	 /* the commits that a directory's submodules are at: any bytes */
	INSPECT_PATH,	 /* a whole path */
	INSPECT_REQUEST, /* name of a ref, push option */
	INSPECT_KINDS
};

/* Findings, and warnings, beyond these are counted only. */
#define INSPECT_TOLD_MAX 40

struct inspect_finding {
	enum inspect_kind kind;
	char oid[65];		   /* of the object, or "" */
	struct serve_finding said; /* path: as git lists it, or the text's name; may be "" */
	/* Known after place_findings (gate/place.h); of other programs' findings before. */
	char commit[65]; /* the oldest that brings it, or "" */
	const char *ref; /* borrowed from the push's commands; NULL: none, or not known */
	size_t age;	 /* how many commits of the push are newer */
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
	bool unreadable_ok; /* what cannot be read is a warning: a line of the manifest's */
	struct serve_client *scanner;
	struct str paths; /* read by the scanner some at a time */
	/* what is being read */
	enum inspect_kind kind;
	char oid[65];
	const char *path;
};

/* door: of bottle-scan, borrowed. Owner: the caller (inspect_done). */
int inspect_init(struct inspection *in, int door, struct err *e);
void inspect_done(struct inspection *in);
#define cleanup_inspection __attribute__((cleanup(inspect_done)))

/* A text in pieces; what it is of stands in kind, oid and path. */
int inspect_begin(struct inspection *in, struct err *e);
int inspect_feed(struct inspection *in, const void *data, size_t len, struct err *e);
int inspect_end(struct inspection *in, struct err *e);

/* Text that is in no object. name: "name of the ref", borrowed during the call. */
int inspect_text(struct inspection *in, const char *name, const char *text, struct err *e);

/* The path of what was read last, as a text of its own. */
int inspect_path(struct inspection *in, struct err *e);

/* What is being read is of a form that nobody could judge; why: "its message is in EBCDIC". */
void inspect_unreadable(struct inspection *in, const char *why);

/* What somebody else than our scanner found; copied. */
void inspect_add(struct inspection *in, const struct inspect_finding *f);

/* After the last text: what was found in all of it. On failure nothing of it counts as read. */
int inspect_finish(struct inspection *in, struct err *e);

#endif
