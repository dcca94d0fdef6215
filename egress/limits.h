#ifndef EGRESS_LIMITS_H
#define EGRESS_LIMITS_H

#include <stdint.h>

#include "base/err.h"
#include "bundle/policy.h"

/*
 * Every bound on what passes, in one table (limits.c): how many, how long, how large, how often.
 * The operator's `limits` replace some of them, for the bottle and, nearer, for a route; nothing is
 * without a bound. Names end in their unit.
 */
enum limit {
	/* `limits` of the manifest */
	LIMIT_AGENT_CONNECTIONS,
	LIMIT_ROUTE_CONNECTIONS,
	LIMIT_REQUESTS_PER_SECOND,
	LIMIT_ROUTE_REQUESTS_PER_SECOND,
	LIMIT_HEAD_BYTES,
	LIMIT_URL_BYTES,
	LIMIT_BODY_BYTES,
	LIMIT_RATIO,
	LIMIT_FIRST_BYTE_MS,
	LIMIT_IDLE_MS,
	LIMIT_TCP_IDLE_MS,
	/* always the same */
	LIMIT_STREAMS,
	LIMIT_INTERIM,
	LIMIT_SNIFF_MS,
	LIMIT_HANDSHAKE_MS,
	LIMIT_HEAD_MS,
	LIMIT_NEXT_REQUEST_MS,
	LIMIT_STALL_MS,
	LIMIT_DRAIN_MS,
	LIMIT_DRAIN_BYTES,
	LIMIT_CONNECT_MS,
	LIMIT_UPSTREAM_HANDSHAKE_MS,
	LIMIT_PROXY_MS,
	LIMIT_COUNT,
};

/* The bounds in force for a bottle, or for one of its routes. */
struct limits {
	int64_t of[LIMIT_COUNT];
};

struct limit_row {
	const char *what;    /* "connections of the agent at a time": for people */
	const char *unit;    /* in which it is told and chosen: "bytes", "s" (kept in ms), "" */
	const char *key;     /* the manifest's, or NULL: nobody can choose it */
	const char *outcome; /* what happens beyond it */
	int64_t value;	     /* by default */
	int64_t most;	     /* that can be chosen */
};

/* Borrowed, constant. */
const struct limit_row *limits_row(enum limit which);

void limits_default(struct limits *ret);

/*
 * Puts the bottle's, or then a route's, choices over what l holds. -EINVAL for one that is negative
 * or more than can be had, with its key; 0 leaves what there is.
 */
int limits_choose(struct limits *l, const struct policy_limits *chosen, struct err *e);
int limits_choose_route(struct limits *l, const struct policy_route *route, struct err *e);

/*
 * A bucket of requests: so many a second, and two seconds' at once (a page, an install). Starts
 * with {0}, full.
 */
struct limit_bucket {
	int64_t busy_until_us; /* when it will be full again */
};

/* Takes one. 0, or after how many seconds (at least 1) there will be one. */
int limit_bucket_take(struct limit_bucket *b, int64_t a_second, int64_t now_ms);

#endif
