#ifndef GATE_STORE_H
#define GATE_STORE_H

#include "base/err.h"
#include "gate/gate.h"
#include "gate/oids.h"

/*
 * What former bottles have fetched of the same upstream with the same credential, GATE_STORE_DIR/
 * NAME.git: a bare repository, read-only, from which the mirror borrows. It grows by what this gate
 * offers to the monitor, whose writer looks at all of it; this program only reads.
 */

/* The directory of objects to borrow; NULL: none, or memory ran out. The caller frees. */
char *store_objects(const struct gate *g, const struct policy_repo *repo);

/* Adds the tips of it, from which all its objects can be reached. None: nothing is added. */
int store_tips(
	const struct gate *g, const struct policy_repo *repo, struct oids *to, struct err *e);

/* Tells the gate that the mirror has got something new. Best effort. */
void store_fetched(const struct policy_repo *repo);

/*
 * The process of an offer, forked from the gate: packs what the store lacks of what the mirror's
 * refs lead to, and sends it by the channel. Takes its end of that. Never returns.
 */
void store_offer(const struct gate *g, const struct policy_repo *repo, int channel)
	__attribute__((noreturn));

#endif
