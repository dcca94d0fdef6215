#ifndef EGRESS_UPSTREAM_H
#define EGRESS_UPSTREAM_H

#include "base/http1_body.h"
#include "egress/refusal.h"
#include "egress/service.h"
#include "egress/wire.h"

/*
 * A connection to the host that a rule allowed: resolve once, check every address, dial what was
 * checked, verify the certificate. Belongs to one connection of the agent (egress/upstreams.h) and
 * is used again only by that one, for the same host, port and policy.
 */
enum upstream_state {
	UPSTREAM_NONE,
	UPSTREAM_RESOLVE,
	UPSTREAM_CONNECT,
	UPSTREAM_PROXY_HANDSHAKE, /* TLS with the network's proxy itself */
	UPSTREAM_PROXY,		  /* it was asked for a tunnel */
	UPSTREAM_HANDSHAKE,
	UPSTREAM_READY,
	UPSTREAM_FAILED, /* `why` tells */
};

struct upstream {
	struct loop_watch watch;
	void (*wake)(void *arg); /* something happened: step it */
	void *arg;
	struct service *service;
	enum upstream_state state;
	struct wire wire;
	char host[HOST_MAX];
	uint16_t port;
	bool tls;
	struct rules *rules; /* kept while it lives: rule points into it */
	struct rule *rule;
	struct resolve *lookup;
	struct address list[RESOLVER_ADDRESSES_MAX];
	size_t n, next;
	struct loop_watch dial_watch;
	int dialled[RESOLVER_ADDRESSES_MAX]; /* sockets on their way to list[i]; else -1 */
	int64_t deadline_ms; /* of the present step; CONNECT: for the next address */
	int64_t dial_end_ms; /* of all addresses together */
	bool counted;	     /* among its rule's connections */
	struct proxy *proxy; /* by which it is reached; NULL: directly */
	size_t proxy_scanned;
	struct refusal why;
	bool asks_http2, http2; /* … was offered by ALPN; was chosen */

	/* Of egress/upstreams.c: */
	struct upstream *list_next, **list_at;
	struct loop_task task;	 /* frees it */
	struct exchange *holder; /* HTTP/1: whose it is; NULL: idle */
	unsigned int users;	 /* exchanges that have or await it */

	/* Of back_http1.c: the holder's response. */
	struct http1_body body;
	size_t scanned; /* of its head */
	bool keeps;	/* the connection carries another exchange afterwards */

	struct h2 *h2; /* of back_http2.c; NULL: HTTP/1, or it has ended */
};

struct upstream_to {
	const char *host; /* normalised */
	uint16_t port;
	bool tls;
	struct rules *rules;
	struct rule *rule;
	bool http2; /* what asks speaks HTTP/2, and so may the upstream */
};

void upstream_init(struct upstream *u, struct service *s, void (*wake)(void *arg), void *arg);

/* Whether it stands ready, or is on its way, for this destination. */
bool upstream_fits(const struct upstream *u, const struct upstream_to *to);

/* Begins anew; what there was is closed. The state tells how it goes on. */
void upstream_open(struct upstream *u, const struct upstream_to *to);
void upstream_close(struct upstream *u);

/* Goes on with connecting. Whether the state changed. */
bool upstream_step(struct upstream *u);

/* ---- one that speaks HTTP/2 (back_http2.c) */

/* Reads, writes, moves what waits in its streams. Whether anything changed. */
bool upstream_move_http2(struct upstream *u);

/* It takes no request any more. */
bool upstream_is_spent_http2(const struct upstream *u);
void upstream_end_http2(struct upstream *u);

/* Once a second. */
void upstream_tick(struct upstream *u);

#endif
