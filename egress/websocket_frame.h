#ifndef EGRESS_WEBSOCKET_FRAME_H
#define EGRESS_WEBSOCKET_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Heads of WebSocket frames (RFC 6455, section 5), read strictly: what is reserved, or longer than
 * it need be, is refused.
 */
enum websocket_opcode {
	WEBSOCKET_CONTINUATION = 0,
	WEBSOCKET_TEXT = 1,
	WEBSOCKET_BINARY = 2,
	WEBSOCKET_CLOSE = 8,
	WEBSOCKET_PING = 9,
	WEBSOCKET_PONG = 10,
};

#define WEBSOCKET_HEAD_MAX    14
#define WEBSOCKET_CONTROL_MAX 125 /* bytes of a control frame's payload */

struct websocket_frame {
	enum websocket_opcode opcode;
	bool final;
	bool compressed; /* RSV1 (RFC 7692, section 6): the message that begins here */
	bool masked;
	unsigned char mask[4];
	uint64_t length; /* of the payload */
};

static inline bool websocket_is_control(enum websocket_opcode opcode)
{
	return opcode >= WEBSOCKET_CLOSE;
}

/* Length of the head at the front of p; 0: not all there; -EPROTO with *ret_why. */
int websocket_frame_parse(
	const unsigned char *p, size_t len, struct websocket_frame *ret, const char **ret_why);

/* Into ret (WEBSOCKET_HEAD_MAX bytes). Its length. */
size_t websocket_frame_write(const struct websocket_frame *f, unsigned char *ret);

/* Puts a mask on p, or takes it off. at: of p[0] in the payload. */
void websocket_mask(unsigned char *p, size_t len, const unsigned char mask[4], uint64_t at);

/*
 * A close frame's payload: nothing, or a code and a reason (section 5.5.1). *ret_code: 0 for none;
 * the reason begins at p + 2. 0, or -EPROTO with *ret_why.
 */
int websocket_close_parse(
	const unsigned char *p, size_t len, unsigned int *ret_code, const char **ret_why);

/*
 * UTF-8 (RFC 3629) in pieces; starts with {0}. False: these bytes are none. A text that ends
 * between two characters has `left` 0.
 */
struct websocket_utf8 {
	unsigned int left;	 /* bytes of a character that are missing */
	unsigned char low, high; /* bounds of the next one */
};
bool websocket_utf8_take(struct websocket_utf8 *u, const unsigned char *p, size_t len);

#endif
