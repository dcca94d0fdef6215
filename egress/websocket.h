#ifndef EGRESS_WEBSOCKET_H
#define EGRESS_WEBSOCKET_H

#include <stdbool.h>
#include <stdint.h>

#include "egress/exchange.h"

/*
 * A WebSocket within an exchange (RFC 6455): its handshake is a request like any other, which rules
 * decide about by GET and its path; after the upstream's 101 both directions are messages, each
 * read before it goes on (websocket_side.h, websocket_reading.h).
 *
 * For the fronts and backs: after the 101 was given to `head`, `take` and `data` carry the bytes of
 * frames as they are, in no framing (HTTP/2: as DATA), and TAKE_END is the end of the connection
 * (END_STREAM). An upstream with a WebSocket is always one of HTTP/1.1.
 *
 * A front of HTTP/2 makes of an extended CONNECT (RFC 8441) the request that an agent of HTTP/1
 * would have sent: method GET, and the fields Upgrade: websocket, Connection: Upgrade and
 * Sec-WebSocket-Key with WEBSOCKET_ANY_KEY (what the upstream sees is a key of ours in any case);
 * its length is HTTP1_NO_BODY. The 101 it passes on as status 200, without Upgrade, Connection and
 * Sec-WebSocket-Accept.
 */
struct websocket;

/*
 * An allowed request asks for one (websocket_is_asked): checks its handshake, makes x->websocket
 * and changes the head to what goes upstream. 0, or -EACCES and *why.
 */
int websocket_begin(struct exchange *x, struct refusal *why);

/* The upstream's 101 is in x->response: checked, and changed to what the agent may see. 0, or
 * -EPROTO with *ret_what. */
int websocket_open(struct exchange *x, const char **ret_what);

/* Whether that has happened. w may be NULL. */
bool websocket_is_open(const struct websocket *w);

/* Both directions, as far as they go. Whether anything moved; it may be over afterwards. */
bool websocket_step(struct exchange *x);

/* Messages of each direction that are over; 0 before it is open. */
uint64_t websocket_messages(const struct websocket *w, bool up);

/* Once a second. */
void websocket_tick(struct exchange *x);

void websocket_free(struct websocket *w); /* w may be NULL; wipes */

#endif
