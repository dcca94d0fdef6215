#ifndef BUNDLE_POLICY_MATCH_H
#define BUNDLE_POLICY_MATCH_H

#include "base/json.h"
#include "bundle/policy.h"

/* The entries of `matches` and `deny`, as they travel; private to bundle/. */

struct policy_matchers {
	struct policy_matcher **list; /* of the route */
	size_t *n;
};

/* Frees one entry. */
void policy_matcher_done(struct policy_matcher *m);

/* Sets the member `key` where there are entries, in the words of manifest and routes.yaml. 0 or
 * -ENOMEM. */
int policy_matchers_to_json(
	const char *key, const struct policy_matcher *list, size_t n, json_t *route);

/*
 * The member `key` of a route. A list without entries, and an entry without fields, would say that
 * everything matches: both are errors.
 */
int policy_matchers_read(const struct json_at *route, const char *key,
	const struct policy_matchers *ret, struct err *e);

/* false: no such type. */
bool policy_match_parse(const char *name, enum policy_match *ret);

#endif
