#ifndef EGRESS_MATCHING_H
#define EGRESS_MATCHING_H

#include "base/err.h"
#include "bundle/policy.h"
#include "egress/refusal.h"

/*
 * What a route says of requests: `deny`, where each entry refuses, then `matches`, where one must
 * fit. What somebody could read in another way than we do is refused as soon as an entry speaks of
 * it: a path, a query, a method that a header changes.
 */
struct matching;
struct rule_request; /* egress/rules.h */

/* route is borrowed and must outlive it. */
int matching_new(const struct policy_route *route, struct matching **ret, struct err *e);
void matching_free(struct matching *m);

/*
 * 0, and *ret_entry (may be NULL) the entry of `matches` that fits, 0 where there is none; or
 * -EACCES and *why, which says the entry of `deny`.
 */
int matching_check(const struct matching *m, const struct rule_request *q, size_t *ret_entry,
	struct refusal *why);

#endif
