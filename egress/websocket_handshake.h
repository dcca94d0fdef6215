#ifndef EGRESS_WEBSOCKET_HANDSHAKE_H
#define EGRESS_WEBSOCKET_HANDSHAKE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/http1.h"

/*
 * The opening handshake (RFC 6455, section 4) and what is agreed on in it. Both heads are changed
 * where they stand, so that each side is told what we can read and nothing else: of extensions only
 * permessage-deflate (RFC 7692) is offered, in a form of our own; the key that the upstream sees is
 * ours, since the agent's could say anything in sixteen bytes.
 */
#define WEBSOCKET_ANY_KEY	  "AAAAAAAAAAAAAAAAAAAAAA=="
#define WEBSOCKET_KEY_SIZE	  25 /* 16 bytes in base64, and NUL */
#define WEBSOCKET_ACCEPT_SIZE	  29 /* 20 bytes in base64, and NUL */
#define WEBSOCKET_EXTENSIONS_SIZE 512

struct websocket_handshake {
	char key[WEBSOCKET_KEY_SIZE];	    /* as the upstream sees it */
	char wanted[WEBSOCKET_ACCEPT_SIZE]; /* its answer to that */
	char accept[WEBSOCKET_ACCEPT_SIZE]; /* ours to the agent's */
	char offered[WEBSOCKET_EXTENSIONS_SIZE];
	char chosen[WEBSOCKET_EXTENSIONS_SIZE];
	char protocols[WEBSOCKET_EXTENSIONS_SIZE]; /* of the offer */
	/* What the answer chose. */
	bool deflate;
	bool agent_forgets, upstream_forgets; /* no_context_takeover, of who sends */
};

/* Whether the request asks for this protocol; then it must be as websocket_offer wants it. */
bool websocket_is_asked(const struct http1_head *request);

/*
 * Checks a request's head, and changes what goes upstream. h is borrowed by the head from now on.
 * 0; -EPROTO with *ret_why (400); -EPROTONOSUPPORT: another version (426); -EIO: no random bytes.
 */
int websocket_offer(
	struct websocket_handshake *h, struct http1_head *request, const char **ret_why);

/* The same with the upstream's answer, a 101: 0, or -EPROTO with *ret_why. */
int websocket_answer(
	struct websocket_handshake *h, struct http1_head *response, const char **ret_why);

#endif
