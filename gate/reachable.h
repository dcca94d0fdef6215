#ifndef GATE_REACHABLE_H
#define GATE_REACHABLE_H

#include "base/err.h"
#include "gate/git.h"
#include "gate/oids.h"
#include "gate/refs.h"

/*
 * What an agent may have: an object that a ref of the upstream leads to now. More can be here: what
 * the upstream has taken back since it was fetched, by this bottle or a former one (gate/past.h).
 */

/*
 * Whether each of `asked` is such an object. -EACCES names the first that is not, in upload-pack's
 * words. An id that nothing here has passes, perhaps: git says that itself. job: gate and repo.
 * refs: the upstream's, of which the mirror has all objects. Cheap for tips and as long as the
 * upstream has taken nothing back, then for commits; for trees and blobs all objects are listed
 * until the last of them was seen, newest commits first.
 */
int reachable_check(const struct git_job *job, const struct refs *refs, const struct oids *asked,
	struct err *e);

/* Those of `asked` that are no tips of the refs, into *ret, sorted. Owner: the caller. */
int reachable_leave_tips_out(
	const struct refs *refs, const struct oids *asked, struct oids *ret, struct err *e);

#endif
