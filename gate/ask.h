#ifndef GATE_ASK_H
#define GATE_ASK_H

#include "gate/refs.h"
#include "gate/upstream.h"

/*
 * Asks an upstream over ssh for its refs in git's own protocol, 2 or what the upstream speaks
 * instead (gitprotocol-v2(5), gitprotocol-pack(5)). Beside what `git ls-remote` tells: the object
 * format, and the branch that HEAD stands for when it is not born yet; and two processes fewer.
 * *ret: owner is the caller (refs_done).
 */
int ask_refs(const struct upstream *u, struct refs *ret, struct err *e);

/*
 * The same over pipes that lead to an upload-pack already. -ENOLINK when it ends early. Owner: the
 * caller (refs_done).
 */
int ask_converse(int from, int to, struct refs *ret, struct err *e);

#endif
