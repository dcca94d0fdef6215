#ifndef EGRESS_CONN_H
#define EGRESS_CONN_H

#include "base/http1.h"
#include "base/http1_body.h"
#include "egress/held.h"
#include "egress/incoming.h"
#include "egress/outbound.h"
#include "egress/redact.h"
#include "egress/service.h"
#include "egress/target.h"
#include "egress/upstream.h"
#include "egress/wire.h"

/*
 * Theory of operation. A connection of the agent goes through stages; in each only some things may
 * happen. conn_run is called whenever an edge came on either socket: it reads, lets the stage take
 * a step, writes, until nothing moves any more.
 *
 *	SNIFF → (HANDSHAKE →) HEAD → HOLD → WAIT → STREAM → HEAD …
 *	  └→ DNS                └→ SNIFF again, behind CONNECT
 *	any → DRAIN → END
 */
enum conn_stage {
	CONN_SNIFF,	/* the first bytes decide what it is; nothing is sent */
	CONN_HANDSHAKE, /* our TLS handshake; the upstream knows nothing of it */
	CONN_HEAD,	/* a request head is awaited; the upstream, if any, is idle */
	CONN_HOLD,	/* allowed, and being collected to be read as a whole; nothing is sent */
	CONN_WAIT,	/* read: the upstream is resolved, dialled, verified */
	CONN_STREAM,	/* the head was sent: body up, response down */
	CONN_DRAIN,	/* the answer goes out, what still comes in is thrown away */
	CONN_DNS,	/* DNS over TCP */
	CONN_END,	/* closed; freed after this round of events */
};

/* How it came, and so where it says whom it is for. */
enum conn_way {
	CONN_EXPLICIT,	  /* to our proxy port: CONNECT or absolute form */
	CONN_TUNNEL,	  /* behind CONNECT */
	CONN_TRANSPARENT, /* to any other address and port */
};

/* One request and its response. */
struct exchange {
	struct http1_head request, response;
	struct target target;
	struct rules *rules; /* as they were when the request was checked */
	struct rule *rule;
	char host[HOST_MAX];
	uint16_t port;
	struct http1_length length; /* of the request's body */
	struct http1_body up, down;
	struct outbound outbound;
	struct held held;     /* of the body up: all of it, or what was not yet passed on */
	uint64_t sent;	      /* bytes of the body up that went into the upstream's queue */
	bool all_sent;	      /* … and so did its end */
	bool streams;	      /* it is too long to be held, and read while it passes */
	struct redact redact; /* of the body down */
	struct incoming incoming;
	enum http1_framing down_framing; /* towards the agent */
	size_t scanned;			 /* of the response's head */
	unsigned int interim;		 /* 1xx responses so far */
	bool client_keeps, upstream_keeps;
	bool expects_continue;
	bool fresh;	    /* sent over a connection made for it: no second try */
	bool moved_body;    /* some of the body has gone up and is held no more: no second try */
	bool have_head;	    /* of the response */
	bool have_response; /* its head was passed on */
};

struct conn {
	struct loop_watch watch;
	struct loop_task task; /* to be run again, or freed */
	struct service *service;
	struct conn *next, **at; /* in service->conns */
	struct wire client;
	enum conn_stage stage;
	enum conn_way way;
	struct in_addr to; /* original destination */
	uint16_t to_port;
	char tunnel[HOST_MAX]; /* host of the CONNECT; "" */
	char sni[HOST_MAX];    /* "" in plain */
	uint16_t port;	       /* of the upstream: CONNECT's or the original one */
	size_t scanned;	       /* of the request's head */
	bool head_begun;       /* a part of the next request's head is here */
	size_t drained;	       /* bytes thrown away so far */
	int64_t deadline_ms;
	struct exchange *x; /* NULL between requests */
	struct upstream up;
};

/* Takes an accepted socket. Never fails visibly: what cannot be served is closed. */
void conn_accept(struct service *s, int fd);

/* Once a second: deadlines. */
void conn_tick(struct conn *c);

/* Closes at once; the memory goes after this round. */
void conn_end(struct conn *c);

/* ---- between the files that make a connection: one stage each */

/* While the agent is sending, or is to take what waits for it. */
#define CONN_MOVING_MS 60000

/* The deadline of what is awaited now. */
void conn_set_deadline(struct conn *c, int ms);

/* Each takes one step of its stage and returns whether anything changed. */
bool conn_step_sniff(struct conn *c);
bool conn_step_handshake(struct conn *c);
bool conn_step_head(struct conn *c);
bool conn_step_hold(struct conn *c);
bool conn_step_wait(struct conn *c);
bool conn_step_stream(struct conn *c);
bool conn_step_dns(struct conn *c);

/* Refuses without a word of HTTP: alert when it was TLS, then reset; logged. */
void conn_refuse_raw(struct conn *c, bool tls, const char *host, const char *reason);

/* Answers the present request with a refusal; logged. The connection ends when the request's body,
 * or its end, is not known to have been read. */
void conn_refuse(struct conn *c, const struct refusal *why);

/* Answers with the policy in force (http://_egress.local/allowlist). */
void conn_answer_policy(struct conn *c);

/* Tells git-lfs where the gate listens (307): the request goes there as it is. */
void conn_answer_gate(struct conn *c);

/* An allowed request is read, as its route wants it, before it is sent. */
void conn_read(struct conn *c);

/* It was read: to the upstream. */
void conn_forward(struct conn *c);

/* Its body, as far as the upstream takes it now. Whether anything moved; the connection may have
 * ended. */
bool conn_send_body(struct conn *c);

/* Where the present request goes; valid as long as it. */
struct upstream_to conn_upstream_to(const struct conn *c);

/* The exchange is over: the next request, or the end of the connection. */
void conn_finish_exchange(struct conn *c);
struct exchange *exchange_new(void);
void exchange_free(struct exchange *x);

/* Answers are out: nothing more is read but to be thrown away. */
void conn_drain(struct conn *c);

#endif
