#ifndef EGRESS_GIT_REQUEST_H
#define EGRESS_GIT_REQUEST_H

#include "egress/refusal.h"
#include "egress/target.h"

/*
 * git over HTTPS, and git-lfs: what is fetched may pass where the route says so, what is pushed or
 * uploaded never does. That is the gate's, which reads it. Sources: gitprotocol-http(5); git-lfs,
 * docs/api/batch.md and locking.md.
 */
struct policy_route;
struct rule_request; /* egress/rules.h */

/* As far as the head tells. 0, or -EACCES and *why. */
int git_request_check(
	const struct policy_route *route, const struct rule_request *q, struct refusal *why);

/* Whether the body tells it: the batch of git-lfs says there which way the objects go. */
bool git_request_wants_body(const struct http1_head *head, const struct target *target);

/* That body; whole: it is all there. 0, or -EACCES and *why. */
int git_request_check_body(const void *body, size_t len, bool whole, struct refusal *why);

#endif
