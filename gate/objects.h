#ifndef GATE_OBJECTS_H
#define GATE_OBJECTS_H

#include <stdint.h>

#include "base/err.h"
#include "base/str.h"
#include "gate/git.h"
#include "gate/inspect.h"
#include "gate/pairs.h"
#include "gate/progress.h"

/*
 * All objects that a push would publish, given to the scanner. They are listed and read by git
 * itself, as stored: no attribute, filter, replacement or configuration of the pushed tree has a
 * say. Start with the first four set.
 */
struct objects {
	struct inspection *in;	   /* borrowed */
	const struct git_job *job; /* borrowed; as for git_run, without args and input */
	struct progress *progress; /* borrowed */
	uint64_t left;		   /* bytes that may still be read, unpacked */
	struct pairs read;	   /* blobs, with the paths under which they were read */
	struct str again;	   /* "OID PATH" lines of those that are to be read again */
	size_t n_changing;	   /* commits that bring a file with something in it */
	char changing[65];	   /* the last of them */
};

void objects_done(struct objects *o);
#define cleanup_objects __attribute__((cleanup(objects_done)))

/*
 * All that is reachable from what `revisions` names (lines "OID" and "^OID") is read, all of each,
 * a blob once for each path that a commit gives it. -errno when any of it could not be: nothing may
 * be published then. What was read is counted twice, by two commands of git's.
 */
int objects_read(struct objects *o, const struct str *revisions, struct err *e);

#endif
