#ifndef EGRESS_CRITERIA_H
#define EGRESS_CRITERIA_H

#include "base/err.h"
#include "base/http1.h"
#include "bundle/policy.h"
#include "egress/target.h"

/*
 * One entry of a route's `matches`: fields AND, values in a field OR. Regular expressions are
 * PCRE2's, anchored at both ends, with a bound on backtracking (beyond it: no match).
 */
struct criteria;

/* policy is borrowed and must outlive it. */
int criteria_new(const struct policy_matcher *policy, struct criteria **ret, struct err *e);
void criteria_free(struct criteria *m);

bool criteria_fits(
	const struct criteria *m, const struct http1_head *head, const struct target *target);

#endif
