#ifndef EGRESS_CRITERIA_H
#define EGRESS_CRITERIA_H

#include "base/err.h"
#include "base/http1.h"
#include "bundle/policy.h"
#include "egress/parameters.h"

/*
 * One entry of a route's `matches` or `deny`: fields AND, values in a field OR. Paths are compared
 * element by element, as in Gateway API's HTTPRoute: the prefix "/v1" is for /v1 and /v1/x, and not
 * for /v1x; "/v1/" is for what is below it. Both sides are compared percent-decoded. Headers
 * and parameters of different names must all fit, those of one name are alternatives.
 *
 * An agent says things twice, or in a way that some server takes for the same. So an entry that
 * allows asks all that could be meant: each line of a header, each parameter of that name and those
 * whose name is taken for it. One that denies is content with any of them, compares without regard
 * to case, takes a path with a slash at its end for the one without, and looks at each member of a
 * header's list. A regular expression that is given up at its bound never allows and always denies.
 */
struct criteria;

enum criteria_kind { CRITERIA_ALLOW, CRITERIA_DENY };

/* policy is borrowed and must outlive it. */
int criteria_new(const struct policy_matcher *policy, enum criteria_kind kind,
	struct criteria **ret, struct err *e);
void criteria_free(struct criteria *m);

struct criteria_request {
	const struct http1_head *head;
	const char *path; /* percent-decoded */
	size_t path_len;
	const struct parameters *query; /* may be NULL where no entry speaks of parameters */
};

bool criteria_fits(const struct criteria *m, const struct criteria_request *q);

#endif
