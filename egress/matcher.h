#ifndef EGRESS_MATCHER_H
#define EGRESS_MATCHER_H

#include "base/err.h"
#include "bundle/policy.h"
#include "egress/http1.h"
#include "egress/target.h"

/*
 * One entry of a route's `matches`: fields AND, values in a field OR. Regular expressions are
 * PCRE2's, anchored at both ends, with a bound on backtracking (beyond it: no match).
 */
struct matcher;

/* policy is borrowed and must outlive the matcher. */
int matcher_new(const struct policy_matcher *policy, struct matcher **ret, struct err *e);
void matcher_free(struct matcher *m);

bool matcher_fits(
	const struct matcher *m, const struct http1_head *head, const struct target *target);

#endif
