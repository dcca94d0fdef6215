#ifndef EGRESS_FOUND_H
#define EGRESS_FOUND_H

#include <stdbool.h>

#include "bundle/policy.h"
#include "egress/refusal.h"

/* What the scanner found in what passes, and what the route's dlp makes of it: for bodies and for
 * the messages of a WebSocket alike. */
struct exchange;

/* Of enum scan_set: what a route wants to be looked for in what leaves. */
unsigned int found_sets(const struct policy_dlp *d);

/* Whether it is only warned of; then that is logged. */
bool found_warns(const struct exchange *x, const struct scan_finding *f);

/* It stops what leaves; but: "", or why it is not rewritten. Fills *why. */
void found_leaving(struct refusal *why, const struct exchange *x, const struct scan_finding *f,
	const char *but);

/* … or what comes in, where all else is only warned of. */
bool found_warns_incoming(const struct exchange *x, const struct scan_finding *f);
void found_incoming(struct refusal *why, const struct exchange *x, const struct scan_finding *f);

/* It was not read, and so passes not: r is what scanner_take, the scanner or held_add said; rule:
 * constant text. Fills *why. */
void found_unread(struct refusal *why, int r, const char *rule);

#endif
