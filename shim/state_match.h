#ifndef SHIM_STATE_MATCH_H
#define SHIM_STATE_MATCH_H

#include <stdbool.h>

#include "shim/state.h"

/* Which containers a command means, and whose they are. */

/*
 * The ids below root that the operand stands for: itself, or with `regex` all that contain a match
 * of it as an extended regular expression (regex(7)). -EINVAL: it is none. Caller frees
 * (strv_free).
 */
int state_match(const char *root, const char *operand, bool regex, char ***ret, struct err *e);

/* Who made it: the name of the state directory's owner, "#UID" where there is no name. Caller
 * frees; NULL when memory ran out. */
char *state_owner(const struct state *s);

#endif
