#ifndef GATE_PAST_H
#define GATE_PAST_H

#include "base/err.h"
#include "gate/git.h"
#include "gate/refs.h"

/*
 * What the upstream has had, as far as objects of it are here: every id that a ref of the mirror
 * has stood at since the mirror was made (GIT_DIR/NAME.git/past), and the tips of the store that
 * the mirror borrows from (gate/store.h).
 */

/* Adds what the upstream has now. Under the mirror's lock. job: gate and repo. */
int past_note(const struct git_job *job, const struct refs *now, struct err *e);

/*
 * Whether the present refs lead to everything of it, so that no object is here that an agent may
 * not have: none was taken back by the upstream. Cheap, unless something was.
 */
int past_is_present(const struct git_job *job, const struct refs *now, bool *ret, struct err *e);

#endif
