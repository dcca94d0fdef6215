#ifndef EGRESS_CONN_H
#define EGRESS_CONN_H

#include "base/http1.h"
#include "base/http1_body.h"
#include "egress/exchange.h"
#include "egress/service.h"
#include "egress/wire.h"

/*
 * One connection of the agent.
 *
 * Theory of operation. It goes through stages; in each only some things may happen. conn_run is
 * called whenever an edge came on its own socket or an upstream's: it reads, lets the stage and
 * every exchange take a step, writes, until nothing moves any more. An exchange that is over is
 * freed between two such rounds.
 *
 *	SNIFF → (HANDSHAKE →) HTTP1 or HTTP2
 *	  ├→ DNS                └→ SNIFF again, or TCP, behind CONNECT
 *	  ├→ SOCKS → SNIFF again, or TCP
 *	TCP at once, for an address and port that stand for a tcp route's
 *	any → DRAIN → END
 */
enum conn_stage {
	CONN_SNIFF,	/* the first bytes decide what it is; nothing is sent */
	CONN_HANDSHAKE, /* our TLS handshake; the upstream knows nothing of it */
	CONN_SOCKS,	/* greeting and request (egress/socks.h) */
	CONN_HTTP1,	/* requests, one after the other (front_http1.c) */
	CONN_HTTP2,	/* requests side by side (front_http2.c) */
	CONN_DRAIN,	/* the answer goes out, what still comes in is thrown away */
	CONN_TCP,	/* a tcp route's: bytes pass as they are (egress/tcp.h) */
	CONN_DNS,	/* DNS over TCP */
	CONN_END,	/* closed; freed after this round of events */
};

/* How it came, and so where it says whom it is for. */
enum conn_way {
	CONN_EXPLICIT,	  /* to our proxy port: CONNECT or absolute form */
	CONN_TUNNEL,	  /* behind CONNECT */
	CONN_TRANSPARENT, /* to any other address and port */
};

/* How a tunnel was asked for, and so what the agent is told of it. */
enum conn_asked { CONN_ASKED_NOTHING, CONN_ASKED_CONNECT, CONN_ASKED_SOCKS };

/* What the front of HTTP/1 remembers. */
struct conn_http1 {
	struct exchange *x;	    /* the present one; NULL: a head is awaited */
	size_t scanned;		    /* of that head */
	bool head_begun;	    /* a part of it is here */
	struct http1_body body;	    /* of the request */
	enum http1_framing framing; /* of the response */
	bool keeps;		    /* the connection carries another request afterwards */
};

/* … and that of HTTP/2. */
struct conn_http2 {
	struct h2 *session;
	bool idle; /* no request is under way */
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
	struct conn_http1 http1;
	struct conn_http2 http2;
	size_t drained;	     /* bytes thrown away so far */
	bool running;	     /* within conn_run or conn_tick: it is not begun anew */
	int64_t deadline_ms; /* of what the stage awaits; exchanges have their own */
	struct exchange *exchanges;
	struct upstream *upstreams; /* egress/upstreams.h */
	size_t n_upstreams;
	char http1_host[HOST_MAX]; /* that wants HTTP/1.1 alone, the last one; "": none */
	uint16_t http1_port;
	bool socks_greeted;
	struct tcp *tcp; /* CONN_TCP; else NULL */
};

/* Takes an accepted socket. Never fails visibly: what cannot be served is closed. */
void conn_accept(struct service *s, int fd);

/* Once a second: deadlines. */
void conn_tick(struct conn *c);

/* Closes at once; the memory goes after this round. */
void conn_end(struct conn *c);

/* ---- between the files that make a connection */

/* Something happened to what belongs to it (arg: the connection): it is run. */
void conn_wake(void *arg);

/* A bound of the policy in force, for the bottle as a whole. */
int conn_limit(const struct conn *c, enum limit which);

/* The deadline of what the stage awaits now. */
void conn_set_deadline(struct conn *c, int ms);
void conn_no_deadline(struct conn *c);

/* Each takes one step of its stage and returns whether anything changed. */
bool conn_step_sniff(struct conn *c);
bool conn_step_handshake(struct conn *c);
bool conn_step_socks(struct conn *c);
bool conn_step_http1(struct conn *c);
bool conn_step_tcp(struct conn *c);
bool conn_step_http2(struct conn *c);
bool conn_step_dns(struct conn *c);

/* From here on the agent speaks HTTP/2. */
void conn_begin_http2(struct conn *c);

/* Ends such a connection, as the agent expects it. */
void conn_end_http2(struct conn *c);

/* Refuses without a word of HTTP: alert when it was TLS, then reset; logged. */
void conn_refuse_raw(struct conn *c, bool tls, const char *host, const char *reason);

/* The agent asked for a tunnel, and may have it: what it sends next is sniffed anew, or passes as
 * it is where a tcp route says so. */
void conn_begin_tunnel(struct conn *c, const char *host, uint16_t port, enum conn_asked asked);

/* Tells it that the tunnel stands. */
void conn_grant(struct conn *c, enum conn_asked asked);

/* Answers are out: nothing more is read but to be thrown away. */
void conn_drain(struct conn *c);

#endif
