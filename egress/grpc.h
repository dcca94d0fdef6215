#ifndef EGRESS_GRPC_H
#define EGRESS_GRPC_H

#include "base/http1.h"

/*
 * What of gRPC over HTTP/2 a proxy has to know: how a refusal is told, and where a message of a
 * stream ends (github.com/grpc/grpc, doc/PROTOCOL-HTTP2.md).
 */

/* Whether it is a call: by its Content-Type. */
bool grpc_is(const struct http1_head *request);

/* The status of gRPC that stands for one of HTTP (doc/http-grpc-status-mapping.md; where that knows
 * none, the nearest). */
int grpc_status(int http_status);

/* A text as grpc-message: percent-encoded, cut to its length. ret: GRPC_MESSAGE_MAX bytes. */
#define GRPC_MESSAGE_MAX 1536
void grpc_message(const char *text, size_t len, char *ret);

/* Messages in a stream: a byte of flags, four of length, the message. Starts with {0}. */
struct grpc_frames {
	unsigned char head[5];
	unsigned int have; /* bytes of head */
	uint32_t left;	   /* of the message */
};

/* How many of these bytes, from their beginning, belong to messages that end within them. */
size_t grpc_frames_take(struct grpc_frames *f, const unsigned char *p, size_t len);

#endif
