#include "bundle/policy_limits.h"

#include <errno.h>
#include <stddef.h>

#include "base/http1.h"
#include "base/ptr.h"

#define AT(field) offsetof(struct policy_limits, field)
#define DAY	  86400

/* The same bounds as in the table of what holds by default (egress/limits.h). */
const struct policy_limit policy_limit_list[] = {
	{"connections", "connections", POLICY_NUMBER, AT(connections), 4096},
	{"requests_per_second", "requests_per_second", POLICY_NUMBER, AT(requests_per_second),
		1000000},
	{"head", "head", POLICY_BYTES, AT(head), HTTP1_HEAD_MAX},
	{"url", "url", POLICY_BYTES, AT(url), HTTP1_HEAD_MAX},
	{"first_byte", "first_byte_s", POLICY_SECONDS, AT(first_byte_s), DAY},
	{"idle", "idle_s", POLICY_SECONDS, AT(idle_s), 7 * DAY},
	{"ratio", "ratio", POLICY_NUMBER, AT(ratio), 10000},
};
const size_t policy_limit_count = ARRAY_LEN(policy_limit_list);

int *policy_limit_of(struct policy_limits *l, const struct policy_limit *which)
{
	return (int *)(void *)((char *)l + which->at);
}

int policy_limits_to_json(const struct policy_limits *limits, json_t *owner)
{
	struct policy_limits l = *limits;
	cleanup_json json_t *j = json_object();

	for (size_t i = 0; j && i < policy_limit_count; i++) {
		const int *n = policy_limit_of(&l, &policy_limit_list[i]);

		if (*n && json_object_set_new(j, policy_limit_list[i].name, json_integer(*n)) < 0)
			return -ENOMEM;
	}
	if (!j || (l.body && json_object_set_new(j, "body", json_integer(l.body)) < 0))
		return -ENOMEM;
	if (json_object_size(j) == 0)
		return 0;
	return json_object_set_new(owner, "limits", steal_ptr(&j)) < 0 ? -ENOMEM : 0;
}

/* A limit that was lost would be one that does not hold. */
static int check_members(const struct json_at *limits, struct err *e)
{
	const char *known[ARRAY_LEN(policy_limit_list) + 2] = {NULL};

	for (size_t i = 0; i < policy_limit_count; i++)
		known[i] = policy_limit_list[i].name;
	known[policy_limit_count] = "body";
	return json_only(limits, known, e);
}

int policy_limits_read(const struct json_at *owner, struct policy_limits *ret, struct err *e)
{
	struct json_at limits;
	int r = json_member(owner, "limits", JSON_OBJECT, &limits, e);

	if (r <= 0)
		return r;
	if (check_members(&limits, e) < 0)
		return -e->code;
	for (size_t i = 0; i < policy_limit_count; i++) {
		int64_t n = 0;

		if (json_get_int(&limits, policy_limit_list[i].name, 1, policy_limit_list[i].max,
			    &n, e) < 0)
			return -e->code;
		*policy_limit_of(ret, &policy_limit_list[i]) = (int)n;
	}
	r = json_get_int(&limits, "body", 1, POLICY_BODY_MAX, &ret->body, e);
	return r < 0 ? r : 0;
}
