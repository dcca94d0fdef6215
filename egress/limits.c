#include "egress/limits.h"

#include <errno.h>

#include "base/http1.h"
#include "egress/h2.h"

#define SECOND 1000LL
#define MINUTE (60 * SECOND)
#define HOUR   (60 * MINUTE)
#define KIB    (1LL << 10)
#define GIB    (1LL << 30)

#define BURST_US 2000000LL

/*
 * Where a number comes from is told where it is not plain. What an answer needs of time is a
 * model's: it may think for minutes before it says a word.
 */
static const struct limit_row rows[LIMIT_COUNT] = {
	[LIMIT_AGENT_CONNECTIONS] = {"connections of the agent at a time", "", "connections",
		"closed, logged", 1024, 4096},
	[LIMIT_ROUTE_CONNECTIONS] = {"connections to a route's upstreams at a time", "",
		"connections", "503, Retry-After", 1024, 4096},
	[LIMIT_REQUESTS_PER_SECOND] = {"requests a second, all routes", "", "requests_per_second",
		"429, Retry-After", 100000, 1000000},
	[LIMIT_ROUTE_REQUESTS_PER_SECOND] = {"requests a second on a route", "",
		"requests_per_second", "429, Retry-After", 100000, 1000000},
	[LIMIT_HEAD_BYTES] = {"a request's head", "bytes", "head", "431", HTTP1_HEAD_MAX,
		HTTP1_HEAD_MAX},
	[LIMIT_URL_BYTES] = {"a request's target (path and query)", "bytes", "url", "414", 32 * KIB,
		HTTP1_HEAD_MAX},
	[LIMIT_BODY_BYTES] = {"a request's body", "bytes", "body", "413", 64 * GIB, 1024 * GIB},
	[LIMIT_RATIO] = {"decoded bytes for each coded byte", "", "ratio", "as unreadable", 200,
		10000},
	[LIMIT_FIRST_BYTE_MS] = {"from a request's end to its answer", "s", "first_byte", "504",
		10 * MINUTE, 24 * HOUR},
	[LIMIT_IDLE_MS] = {"an exchange without any byte", "s", "idle", "504, or cut", 10 * MINUTE,
		7 * 24 * HOUR},
	/* What MySQL gives an idle client. */
	[LIMIT_TCP_IDLE_MS] = {"a tcp route's connection without any byte", "s", "idle", "reset",
		8 * HOUR, 7 * 24 * HOUR},
	[LIMIT_STREAMS] = {"requests at a time on an HTTP/2 connection", "", NULL, "REFUSED_STREAM",
		H2_STREAMS_MAX, H2_STREAMS_MAX},
	[LIMIT_INTERIM] = {"interim (1xx) answers to a request", "", NULL, "502", 8, 8},
	[LIMIT_SNIFF_MS] = {"the first bytes of a connection or tunnel", "s", NULL, "reset",
		15 * SECOND, 15 * SECOND},
	[LIMIT_HANDSHAKE_MS] = {"the agent's TLS handshake", "s", NULL, "reset", 15 * SECOND,
		15 * SECOND},
	[LIMIT_HEAD_MS] = {"a request's head, from its first byte", "s", NULL, "reset", H2_HEAD_MS,
		H2_HEAD_MS},
	[LIMIT_NEXT_REQUEST_MS] = {"a connection between two requests", "s", NULL, "closed", MINUTE,
		MINUTE},
	[LIMIT_STALL_MS] = {"a body that the agent sends, or does not take", "s", NULL,
		"408, or reset", MINUTE, MINUTE},
	[LIMIT_DRAIN_MS] = {"the agent's end behind the last answer", "s", NULL, "closed",
		3 * SECOND, 3 * SECOND},
	[LIMIT_DRAIN_BYTES] = {"what comes behind the last answer", "bytes", NULL, "closed",
		GIB / 16, GIB / 16},
	[LIMIT_CONNECT_MS] = {"to reach an upstream, all its addresses", "s", NULL, "504",
		10 * SECOND, 10 * SECOND},
	/* It has an upstream to reach, too. */
	[LIMIT_PROXY_MS] = {"the network's proxy, to make a tunnel", "s", NULL, "504", 30 * SECOND,
		30 * SECOND},
	[LIMIT_UPSTREAM_HANDSHAKE_MS] = {"an upstream's TLS handshake", "s", NULL, "504",
		10 * SECOND, 10 * SECOND},
};

const struct limit_row *limits_row(enum limit which)
{
	return &rows[which];
}

void limits_default(struct limits *ret)
{
	for (int i = 0; i < LIMIT_COUNT; i++)
		ret->of[i] = rows[i].value;
}

/* scale: of the manifest's unit to ours. */
static int choose(struct limits *l, enum limit which, int64_t chosen, int64_t scale, struct err *e)
{
	const struct limit_row *row = &rows[which];

	if (chosen == 0)
		return 0;
	if (chosen < 0 || chosen > row->most / scale)
		return err_say(e, EINVAL, "limits: %s is %lld, and can be 1 to %lld", row->key,
			(long long)chosen, (long long)(row->most / scale));
	l->of[which] = chosen * scale;
	return 0;
}

/* What means the same for a bottle and for a route. */
static int choose_common(struct limits *l, const struct policy_limits *p, struct err *e)
{
	int r = choose(l, LIMIT_HEAD_BYTES, p->head, 1, e);

	if (r == 0)
		r = choose(l, LIMIT_URL_BYTES, p->url, 1, e);
	if (r == 0)
		r = choose(l, LIMIT_BODY_BYTES, p->body, 1, e);
	if (r == 0)
		r = choose(l, LIMIT_RATIO, p->ratio, 1, e);
	if (r == 0)
		r = choose(l, LIMIT_FIRST_BYTE_MS, p->first_byte_s, SECOND, e);
	return r;
}

int limits_choose(struct limits *l, const struct policy_limits *p, struct err *e)
{
	int r = choose_common(l, p, e);

	if (r == 0)
		r = choose(l, LIMIT_AGENT_CONNECTIONS, p->connections, 1, e);
	if (r == 0)
		r = choose(l, LIMIT_REQUESTS_PER_SECOND, p->requests_per_second, 1, e);
	/* Of tcp routes, only their own: a query's patience would end a pool's connections. */
	return r == 0 ? choose(l, LIMIT_IDLE_MS, p->idle_s, SECOND, e) : r;
}

int limits_choose_route(struct limits *l, const struct policy_route *route, struct err *e)
{
	const struct policy_limits *p = &route->limits;
	int r = choose_common(l, p, e);

	if (r == 0)
		r = choose(l, LIMIT_ROUTE_CONNECTIONS, p->connections, 1, e);
	if (r == 0)
		r = choose(l, LIMIT_ROUTE_REQUESTS_PER_SECOND, p->requests_per_second, 1, e);
	if (r == 0)
		r = choose(l, route->tcp ? LIMIT_TCP_IDLE_MS : LIMIT_IDLE_MS, p->idle_s, SECOND, e);
	return r;
}

/* The time at which the bucket is full moves on by one request's share for each that is taken. */
int limit_bucket_take(struct limit_bucket *b, int64_t a_second, int64_t now_ms)
{
	int64_t now_us = now_ms * 1000, share_us = 1000000 / a_second;
	int64_t full = b->busy_until_us > now_us ? b->busy_until_us : now_us;

	if (full + share_us - now_us > BURST_US)
		return (int)((full + share_us - now_us - BURST_US + 999999) / 1000000);
	b->busy_until_us = full + share_us;
	return 0;
}
