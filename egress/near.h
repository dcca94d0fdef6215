#ifndef EGRESS_NEAR_H
#define EGRESS_NEAR_H

#include "bundle/policy.h"

#define NEAR_MAX 3

/*
 * Hosts of routes that somebody may have meant by `host`: of few other letters, or of the same
 * domain. Nearest first, borrowed, NULL behind the last.
 */
void near_hosts(const struct policy_egress *p, const char *host, const char *ret[NEAR_MAX + 1]);

#endif
