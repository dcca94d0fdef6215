#ifndef GATE_ETC_H
#define GATE_ETC_H

#include "base/err.h"
#include "gate/gate.h"

/*
 * What git below the gate runs and is configured by, in one directory that the gate cannot change:
 *
 *	bin/ssh, bin/credential, hooks/pre-receive	this program, by GATE_FD_SELF
 *	exec/git			the same, as the git that takes in a pushed pack
 *	empty				where a directory must be that holds nothing
 *	sha1/NAME.git, sha256/NAME.git	what of the mirror NAME is ours: config and hooks
 *
 * The last two are git's common directory (GIT_COMMON_DIR, gitrepository-layout(5)), one for each
 * kind of object names; objects, refs and packed-refs in it are links to the half that the gate
 * writes, GIT_DIR/NAME.git. Of that half git reads them and HEAD, and nothing else: a config,
 * hooks/, info/, shallow or commondir that somebody plants there is nothing to it.
 */

/*
 * Makes it at `dir`, as far as it is missing; git_dir: of the gate, absolute. Called where the gate
 * still can (by who makes its root, before that becomes read-only).
 */
int etc_lay_out(
	const char *dir, const char *git_dir, const struct policy_gate *policy, struct err *e);

/* The common directory for a mirror. The caller frees; NULL when memory ran out. */
char *etc_common_dir(const struct gate *g, const struct policy_repo *repo);

/* A file with this name in a mirror tells that its objects have SHA-256 names. */
#define ETC_SHA256_MARK "sha256"

#endif
