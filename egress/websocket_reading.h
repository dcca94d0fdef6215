#ifndef EGRESS_WEBSOCKET_READING_H
#define EGRESS_WEBSOCKET_READING_H

#include "egress/refusal.h"
#include "egress/scanners.h"
#include "egress/websocket_side.h"
#include "scan/redact.h"

/*
 * Who judges the messages of a WebSocket, one for each direction. What leaves is read for
 * credentials, what comes in for prompt injection and, as it goes on, without the credentials that
 * an upstream echoes.
 *
 * Each message is a text of its own, as a request's body is; with the route's window, so that known
 * secrets that are split over messages are found. For all else that may be split, the last bytes of
 * the messages before are read together with the first ones of the next.
 */
#define WEBSOCKET_EDGE 1024

struct exchange;

struct websocket_edge {
	unsigned char bytes[WEBSOCKET_EDGE];
	size_t n;
};

struct websocket_reading {
	struct exchange *x;
	bool leaving;		 /* from the agent */
	unsigned int sets;	 /* of enum scan_set; 0: nothing is looked for */
	struct scanner *scanner; /* of the present message; NULL: none */
	uint64_t fed;		 /* bytes of it */
	uint64_t decided;	 /* … of which so many, by a flush */
	bool joined;		 /* its first bytes were read with the edge */
	bool redacting, joining;
	struct redaction spans;
	struct websocket_edge messages, controls;
	const struct needles *needles; /* NULL: none are looked for */
	uint32_t state, control_state; /* go on from one message to the next */
	size_t kept;		       /* bytes at the end of what is held that may begin one */
	bool found;
	struct refusal why;
};

void websocket_reading_start(struct websocket_reading *r, struct exchange *x, bool leaving);
void websocket_reading_done(struct websocket_reading *r); /* wipes */

/* arg: a reading. When it says -EACCES, r->why tells. */
extern const struct websocket_judge websocket_judge;

#endif
