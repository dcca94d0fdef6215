#ifndef EGRESS_WEBSOCKET_EXTENSIONS_H
#define EGRESS_WEBSOCKET_EXTENSIONS_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Sec-WebSocket-Extensions (RFC 6455, section 9.1), of which permessage-deflate (RFC 7692, section
 * 7.1) alone is passed on: anything else would be frames that we cannot read.
 */
struct websocket_deflate {
	bool server_forgets, client_forgets; /* …_no_context_takeover */
	unsigned int server_bits;	     /* …_max_window_bits; 0: not said */
	unsigned int client_bits;
	bool client_may; /* client_max_window_bits, with or without a value */
};

/* Offers or answers in a field, at most. */
#define WEBSOCKET_DEFLATES_MAX 8

/*
 * All that a list names of permessage-deflate, in its order. How many; *ret_other: there is
 * something else, too. -EPROTO: no list of extensions, or one parameter twice, unknown, or with
 * such a value as it cannot have.
 */
int websocket_extensions_parse(const char *value, struct websocket_deflate *ret, bool *ret_other);

/* Into ret, with NUL. False: it does not fit. */
bool websocket_extensions_write(
	const struct websocket_deflate *list, size_t n, char *ret, size_t size);

/* Whether a server that was offered the one may choose the other. */
bool websocket_extensions_allow(
	const struct websocket_deflate *offer, const struct websocket_deflate *choice);

#endif
