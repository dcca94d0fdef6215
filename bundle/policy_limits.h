#ifndef BUNDLE_POLICY_LIMITS_H
#define BUNDLE_POLICY_LIMITS_H

#include "base/json.h"
#include "bundle/policy.h"

/* `limits` of a route or of the bottle, as they travel; private to bundle/. */

/* What a limit counts: says how it is written in a manifest. */
enum policy_unit { POLICY_NUMBER, POLICY_SECONDS, POLICY_BYTES };

struct policy_limit {
	const char *key;  /* of a manifest */
	const char *name; /* of the member, in JSON */
	enum policy_unit unit;
	size_t at;   /* of the int in struct policy_limits */
	int64_t max; /* the most that makes sense; the least is 1 */
};

/* All limits but `body`, whose type is int64_t. */
extern const struct policy_limit policy_limit_list[];
extern const size_t policy_limit_count;
#define POLICY_BODY_MAX (1LL << 40)
#define POLICY_LIMIT_WORDS                                                                         \
	"connections, requests_per_second, head, url, first_byte, idle, ratio, body"

/* The place of a limit in its struct. */
int *policy_limit_of(struct policy_limits *l, const struct policy_limit *which);

/* Sets the member "limits" where any is set. 0 or -ENOMEM. */
int policy_limits_to_json(const struct policy_limits *l, json_t *owner);

/* The member "limits"; what is absent stays 0. */
int policy_limits_read(const struct json_at *owner, struct policy_limits *ret, struct err *e);

#endif
