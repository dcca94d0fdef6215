#ifndef GATE_SEND_H
#define GATE_SEND_H

#include <stdbool.h>
#include <stddef.h>

#include "gate/commands.h"
#include "gate/git.h"
#include "gate/upstream.h"

/*
 * One `git push` to an upstream, to its URL and never to a remote, each ref on the condition that
 * the upstream has what the command says it had.
 */

/* How many commands, from `first` on, fit one command line; at least one. */
size_t send_fitting(const struct commands *cmds, size_t first);

/*
 * Runs it. What the upstream says meanwhile reaches standard error (gate/messages.h). 0 whatever
 * git ends with: see below; -errno when it could not be run.
 */
int send_refs(const struct upstream *u, const struct commands *cmds, bool atomic,
	struct git_result *ret, struct err *e);

/* It ended so: the upstream takes several refs one by one only; nothing was sent. */
bool send_needs_single(const struct git_result *res);

/* It ended so: each of n refs was refused in so many words. Otherwise nobody knows what happened.
 */
bool send_was_refused(const struct git_result *res, size_t n);

/* Which refs were refused and why, on standard error, as git tells it. */
void send_tell_refusals(const struct git_result *res);

#endif
