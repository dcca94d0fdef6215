#ifndef GATE_MIRROR_H
#define GATE_MIRROR_H

#include <stdint.h>

#include "base/err.h"
#include "gate/git.h"
#include "gate/refs.h"
#include "gate/upstream.h"

/*
 * A bare mirror of one upstream, GIT_DIR/NAME.git. It is a cache: whatever an agent is served was
 * compared with the upstream after the agent asked. Its refs change under its lock only: by a
 * refresh, and by receive-pack after the upstream has accepted.
 */

/* Makes GIT_DIR/.gate, for locks and ssh's sockets; once, at the gate's start. */
int mirror_prepare(const struct gate *g, struct err *e);

/* Makes the repository as far as it is missing. sha256: its object format. */
int mirror_init(const struct gate *g, const struct policy_repo *repo, bool sha256, struct err *e);

/* Opens the lock file, not yet locked. The descriptor (close-on-exec) is the caller's. */
int mirror_open_lock(const struct gate *g, const struct policy_repo *repo, int *ret, struct err *e);

/* Takes the lock, waiting for it; it is held until the last copy of the descriptor is closed. */
int mirror_lock(int lock_fd, struct err *e);
int mirror_unlock(int lock_fd, struct err *e);

/*
 * Brings refs and HEAD to what the upstream has. A refresh that somebody else began at or after
 * asked_ns (CLOCK_MONOTONIC) is as good as an own one. -errno: the mirror must not be served.
 * watch: sees how far git is, or NULL.
 */
int mirror_refresh(const struct upstream *u, int lock_fd, int64_t asked_ns,
	const struct git_watch *watch, struct err *e);

/* What the upstream has had at or after asked_ns; no objects. Owner: the caller (refs_done). */
int mirror_look(
	const struct upstream *u, int lock_fd, int64_t asked_ns, struct refs *ret, struct err *e);

/* The same for who has the lock. */
int mirror_look_held(
	const struct upstream *u, int lock_fd, int64_t asked_ns, struct refs *ret, struct err *e);

/* Under the lock, before the mirror's refs are changed by anybody else: nothing is known any more.
 */
int mirror_forget(int lock_fd, struct err *e);

/* The mirror's own refs. Owner: the caller (refs_done). */
int mirror_refs(
	const struct gate *g, const struct policy_repo *repo, struct refs *ret, struct err *e);

/* CLOCK_MONOTONIC, nanoseconds. */
int64_t mirror_now_ns(void);

#endif
