#ifndef BUNDLE_POLICY_ROUTE_H
#define BUNDLE_POLICY_ROUTE_H

#include "base/err.h"
#include "base/json.h"
#include "bundle/policy.h"

/* One route of the egress policy; private to bundle/. */

void policy_route_done(struct policy_route *r);

/* New reference; NULL when memory ran out. */
json_t *policy_route_to_json(const struct policy_route *r);

/* Reader of one route, as json_get_list calls it. */
int policy_route_read(const struct json_at *at, void *route, struct err *e);

#endif
