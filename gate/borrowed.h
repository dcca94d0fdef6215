#ifndef GATE_BORROWED_H
#define GATE_BORROWED_H

#include "gate/commands.h"
#include "gate/git.h"
#include "gate/refs.h"

/*
 * A push may name objects that it does not bring, when the mirror has them. One that the upstream
 * has taken back (gate/past.h) must not get out that way, by an agent that knows its id: then every
 * object that would be published must be in the push itself, or behind a ref of the upstream's, and
 * so must each object that a delta of the push is made from: its content is in what comes of it.
 * -EACCES names the first that is neither. job: gate and repo; the caller is a hook in the push's
 * quarantine. refs: the mirror's.
 */
int borrowed_check(const struct git_job *job, const struct commands *cmds, const struct refs *refs,
	struct err *e);

#endif
