#ifndef BUNDLE_POLICY_PROXY_H
#define BUNDLE_POLICY_PROXY_H

#include "base/json.h"
#include "bundle/policy.h"

/* `upstream_proxy` of the egress policy, as it travels; private to bundle/. */

void policy_proxy_done(struct policy_proxy *p);

/* Sets the member "proxy" where there is one. 0 or -ENOMEM. */
int policy_proxy_to_json(const struct policy_proxy *p, json_t *policy);

/* The member "proxy"; absent: no proxy. On failure *ret is the caller's to end, too. */
int policy_proxy_read(const struct json_at *policy, struct policy_proxy *ret, struct err *e);

#endif
