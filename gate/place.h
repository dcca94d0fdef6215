#ifndef GATE_PLACE_H
#define GATE_PLACE_H

#include "gate/commands.h"
#include "gate/git.h"
#include "gate/inspect.h"

/*
 * Finds out where findings and warnings stand: the oldest commit that brings each, and the ref
 * which it is pushed for; all in one walk through what is pushed. What is in no commit (a tag's
 * text, a tagged file) has its ref alone. revisions: as for objects_read; job: as for git_run,
 * without args and input. On failure some places stay unknown.
 */
int place_findings(struct inspection *in, const struct commands *cmds, const struct git_job *job,
	const struct str *revisions, struct err *e);

#endif
