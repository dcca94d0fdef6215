#ifndef EGRESS_EXCHANGE_H
#define EGRESS_EXCHANGE_H

#include "base/http1.h"
#include "base/http1_body.h"
#include "egress/aws_chunked.h"
#include "egress/decode.h"
#include "egress/grpc.h"
#include "egress/held.h"
#include "egress/incoming.h"
#include "egress/metrics.h"
#include "egress/outbound.h"
#include "egress/redact.h"
#include "egress/refusal.h"
#include "egress/swap.h"
#include "egress/target.h"

/*
 * One request and its answer, in whatever protocol either side speaks: `front` is the agent's side,
 * `back` the upstream's (egress/front.h, egress/back.h). Here is what both have in common: the
 * decision, the reading, the limits, and the passing on.
 *
 * Theory of operation. The front makes an exchange when it has read a head, fills `request` and
 * calls exchange_begin. From there on exchange_step is called whenever something may have changed
 * on either side; it pulls from the front and pushes into the back, and the other way round, until
 * nothing moves. Whoever has room says so (`room`), whoever has something gives it (`take`), and
 * nobody is asked for more than the other side has room for: that is all of the flow control.
 *
 *	exchange_begin → HOLD → WAIT → STREAM → OVER
 *	       └→ refused, or answered by us: OVER
 */
enum exchange_stage {
	EXCHANGE_NEW,	 /* its head is being decided about */
	EXCHANGE_HOLD,	 /* allowed, and being collected to be read as a whole; nothing is sent */
	EXCHANGE_WAIT,	 /* read: the upstream is resolved, dialled, verified */
	EXCHANGE_STREAM, /* the head was sent: body up, response down */
	EXCHANGE_OVER,	 /* ended, one way or the other; the front frees it after this round */
};

/* What a side has for the exchange. */
enum take {
	TAKE_NOTHING, /* not now; the exchange is stepped when there is something */
	TAKE_DATA,    /* a piece of payload */
	TAKE_END,     /* the message is whole, its trailers are set; comes once */
	TAKE_BROKEN,  /* what came is no message: its framing is wrong */
	TAKE_GONE,    /* the peer ended before the message's end */
};

struct conn;
struct service;
struct front;
struct back;
struct h2_stream;
struct upstream;
struct websocket;

struct exchange {
	struct conn *conn;
	struct exchange *next, **at; /* in conn->exchanges */
	enum exchange_stage stage;
	int64_t moved_ms; /* when something passed last */

	const struct front *front;
	struct h2_stream *front_stream; /* NULL: the agent speaks HTTP/1 */
	const struct back *back;	/* NULL: not sent yet */
	struct h2_stream *back_stream;	/* NULL: the upstream speaks HTTP/1 */
	uint32_t back_error;		/* of a stream that the upstream reset (RFC 9113, 7) */
	struct upstream *up;		/* from EXCHANGE_WAIT on; NULL: waits for one */

	/* The request. In HTTP/2's form :authority stands as Host, :method and :path as in
	 * HTTP/1.1; minor is 1. */
	struct http1_head request;
	struct http1_head request_trailers; /* n_fields 0: none; once up_ended, those that go on */
	struct http1_length length;	    /* HTTP1_CHUNKED where HTTP/2 announces none */
	struct target target;
	struct rules *rules; /* as they were when the request was checked */
	struct rule *rule;
	char host[HOST_MAX];
	uint16_t port;
	bool tls; /* https, also where the agent asks the proxy for such a URL in plain */
	struct outbound outbound;
	struct aws_chunked aws_chunked;	 /* frames within the body up */
	struct swap swap;		 /* of the body up */
	struct http1_length sent_length; /* of the body up, as it is sent */
	struct held held; /* of the body up: all of it, or what was not yet passed on */
	uint64_t sent;	  /* bytes of the body up that the back was given */
	bool up_ended;	  /* all of the body up has come */
	bool all_sent;	  /* … and the back knows its end */
	bool streams;	  /* it is too long to be held, and read while it passes */
	bool pauses;	  /* its sender has waited within it: what comes goes on at once */
	bool expects_continue;
	unsigned int
		token;	 /* generation of its route's access token (egress/oauth.h); 0: none yet */
	bool renewed;	 /* … which the upstream refused: no third try */
	bool fresh;	 /* sent over a connection made for it: no second try */
	bool refused;	 /* an upstream did not take it: no other try for that */
	bool only_http1; /* an upstream wants it in HTTP/1.1 */
	bool moved_body; /* some of the body has gone up and is held no more: no second try */

	/* The response. Of HTTP/2's, status alone is set. */
	struct http1_head response;
	struct http1_head response_trailers;
	struct buf trailer_lines[2]; /* HTTP/1's, as they came: of the request, of the response */
	struct http1_length response_length; /* as the upstream framed it */
	struct decode *decode; /* NULL: it is passed on as it comes, but for the credential */
	struct redact redact;
	struct grpc_frame frame; /* of a call: where its present message ends */
	struct incoming incoming;
	unsigned int interim; /* 1xx responses so far */
	bool have_head;
	bool have_response; /* its head was passed on */
	bool down_ended;    /* all of the body down has come */

	struct websocket *websocket; /* after a switch of protocols: both directions are frames */

	/* For the log. Times: loop_now_us, 0: not reached. */
	char id[17]; /* exchange_id: "" until somebody is told it */
	int64_t begun_us, decided_us, sent_us, first_byte_us; /* decided: allowed, and read */
	uint64_t bytes_up, bytes_down;			      /* of bodies, as they passed */
	size_t entry;		      /* of the route's matches, that fitted */
	enum metrics_verdict ends_as; /* unless it is refused or cut */
	int answered;		      /* status of an answer of ours; 0: none */
	const char *cut;	      /* why the agent got a part of the response only; or NULL */
	bool accounted;
};

/* Requests at a time, in all connections: each has its head, and the state of two directions. */
#define EXCHANGES_MAX 4096

/* Whether one more may be begun. Beyond it one is refused with its reason (exchange_begin), where
 * the protocol itself has no better word for that. */
bool exchange_has_room(const struct service *s);

/* In conn's list; the front sets the rest. NULL when memory ran out. */
struct exchange *exchange_new(struct conn *c, const struct front *front);

/* Under which log and refusal speak of it: random, made when it is first asked for. */
const char *exchange_id(struct exchange *x);

/* Wiped and freed; the upstream is given back or closed. Only a front calls it. */
void exchange_free(struct exchange *x);

/* The request's head is there: decided, and refused, answered or on its way. */
void exchange_begin(struct exchange *x);

/* Whether anything changed. */
bool exchange_step(struct exchange *x);

/* Once a second: deadlines. */
void exchange_tick(struct exchange *x);

/*
 * Refuses: logged, and told to the agent in its own protocol, or, where the response has begun, cut
 * so that nobody takes it for whole. The upstream is left to what it has.
 */
void exchange_refuse(struct exchange *x, const struct refusal *why);

/*
 * Refuses a request whose head is none, or more than is read: r is what its parser said (-E2BIG:
 * 431, -ENOTSUP: `unknown`, -ENOMEM: 503, else 400); rule and what: constant texts.
 */
void exchange_refuse_head(
	struct exchange *x, int r, int unknown, const char *rule, const char *what);

/* The agent has gone away, or taken its request back: the upstream is told, nothing is logged as
 * refused. */
void exchange_abandon(struct exchange *x);

#endif
