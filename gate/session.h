#ifndef GATE_SESSION_H
#define GATE_SESSION_H

#include <stdint.h>

#include "base/err.h"
#include "gate/git.h"
#include "gate/upstream.h"

/*
 * One agent's business with one repository: its mirror, its upstream, resolved and
 * checked. GATE_FD_LOCK is the mirror's lock file.
 */
struct session {
	const struct gate *gate;
	const struct policy_repo *repo;
	struct upstream upstream;
};

/* Opens the mirror's lock, resolves the upstream's address. */
int session_open(
	const struct gate *g, const struct policy_repo *repo, struct session *ret, struct err *e);

/*
 * Brings the mirror to what the upstream has had at or after asked_ns (mirror_now_ns). A failure
 * begins with "refusing to serve stale data". watch: sees how far git is, or
 * NULL.
 */
int session_refresh(
	const struct session *s, int64_t asked_ns, const struct git_watch *watch, struct err *e);

/* The upstream's refs, as it has had them at or after asked_ns; otherwise alike. */
int session_refs(const struct session *s, int64_t asked_ns, struct refs *ret, struct err *e);

/* What git below the gate inherits for a push: the gate's descriptors, without close-on-exec. */
int session_hand_down(struct err *e);

#endif
