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

/* What stands in front of each message of a stream: a byte of flags, four of length. Starts with
 * {0}. */
#define GRPC_HEAD_LEN 5

struct grpc_frame {
	unsigned char head[GRPC_HEAD_LEN];
	unsigned int have; /* bytes of head */
	uint32_t left;	   /* of the message, once all of head is here */
};

/* Takes from p what belongs to the head: returns how many bytes. */
size_t grpc_frame_head(struct grpc_frame *f, const unsigned char *p, size_t len);

/*
 * The next bytes of a stream that are of one kind: returns how many of p they are, at least one.
 * *ret_text: they are a message's, not its head's.
 */
size_t grpc_frame_next(struct grpc_frame *f, const unsigned char *p, size_t len, bool *ret_text);

/* Of its flags one alone is known. True while there are none yet. */
static inline bool grpc_frame_is_valid(const struct grpc_frame *f)
{
	return f->have == 0 || f->head[0] <= 1;
}

/* Whether a message has ended, or none has begun: a stream may end here alone. */
static inline bool grpc_frame_is_between(const struct grpc_frame *f)
{
	return f->have == 0;
}

static inline bool grpc_frame_is_compressed(const struct grpc_frame *f)
{
	return f->head[0] & 1;
}

#endif
