#ifndef NETNS_FILTER_H
#define NETNS_FILTER_H

#include "base/err.h"
#include "netns/policy.h"

/* The nftables table of a sidecar (family inet, `bottle`): netns/policy.h says what it lets pass.
 */

/* Replaces the table as a whole. The link need not exist. */
int filter_apply(int sidecar_fd, const struct netns_policy *p, struct err *e);

/* -ENOENT when the table or a chain of it is missing. */
int filter_check(int sidecar_fd, struct err *e);

#endif
