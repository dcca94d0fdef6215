#ifndef GATE_BROUGHT_H
#define GATE_BROUGHT_H

#include "base/err.h"

/*
 * How many objects a pushed pack itself has. To a thin pack index-pack adds the objects that its
 * deltas are made from, out of what the mirror has: in the quarantine they stand behind the pack's
 * own, and nothing else tells the ones from the others. The number lies in the quarantine, in a
 * file that git neither reads nor keeps.
 */

/* argv: as receive-pack runs index-pack or unpack-objects, with --pack_header=VERSION,OBJECTS. */
int brought_note(char *const *argv, struct err *e);

/* In the hook. 0: no pack was pushed. */
int brought_count(long *ret, struct err *e);

#endif
