#ifndef EGRESS_WEBSOCKET_INFLATE_H
#define EGRESS_WEBSOCKET_INFLATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <zlib.h>

/*
 * Messages as permessage-deflate compresses them (RFC 7692, section 7.2). Any window is read with
 * the largest one. Memory: a window of 32 KiB and zlib's own.
 */
struct websocket_inflate {
	z_stream z;
	bool open;
	bool forgets;	  /* no_context_takeover: each message begins with an empty window */
	bool ending;	  /* the message's last byte has been given */
	uint64_t in, out; /* bytes of this message */
	uint64_t ratio;	  /* most bytes that may come of one, beyond WEBSOCKET_INFLATE_FREE */
};

/* So much may come of anything. */
#define WEBSOCKET_INFLATE_FREE (1U << 20)

/* 0 or -ENOMEM. */
int websocket_inflate_open(struct websocket_inflate *f, bool forgets, uint64_t ratio);
void websocket_inflate_close(struct websocket_inflate *f);

/* The next bytes of the message; borrowed until all of them were taken. */
void websocket_inflate_give(struct websocket_inflate *f, const unsigned char *p, size_t len);
/* … and there are no more. */
void websocket_inflate_end(struct websocket_inflate *f);

/*
 * What comes of them, at most `room` bytes (> 0): how many; 0: nothing without more input, or the
 * message is whole. -EPROTO: broken, or not as everybody would read it; -E2BIG: too much of too
 * little; -ENOMEM. *ret_why tells.
 */
long websocket_inflate_take(
	struct websocket_inflate *f, unsigned char *ret, size_t room, const char **ret_why);

#endif
