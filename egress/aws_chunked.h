#ifndef EGRESS_AWS_CHUNKED_H
#define EGRESS_AWS_CHUNKED_H

#include "base/http1.h"
#include "base/http1_body.h"

/*
 * A body that the agent signs chunk by chunk, or with a checksum behind it (Content-Encoding:
 * aws-chunked; Amazon S3 API Reference, "Transferring Payload in Multiple Chunks"). Its frames end
 * here, so that what is in them can be read in one piece; upstream the body goes as it is, unsigned
 * under TLS (UNSIGNED-PAYLOAD). Signatures and checksums in the frames are dropped.
 */
struct aws_chunked {
	bool active; /* {0}: a body without such frames */
	struct http1_body body;
	struct buf out;
	uint64_t left; /* of the announced length */
};

/*
 * Where the head announces such a body, it is changed to one that does not: *length is that of the
 * payload. 0, or -EINVAL with *ret_why.
 */
int aws_chunked_start(struct aws_chunked *a, struct http1_head *head, struct http1_length *length,
	const char **ret_why);
void aws_chunked_done(struct aws_chunked *a); /* wipes */

/* The payload in a piece; valid until the next call. 0, -EPROTO: no such frames, or of another
 * length than announced; -ENOMEM. */
int aws_chunked_take(struct aws_chunked *a, const struct http1_piece *in, struct http1_piece *ret);

/* The body ended. 0, or -EPROTO: it is not whole. */
int aws_chunked_end(const struct aws_chunked *a);

#endif
