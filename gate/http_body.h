#ifndef GATE_HTTP_BODY_H
#define GATE_HTTP_BODY_H

#include <stdbool.h>
#include <stdint.h>

#include <zlib.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/http1_body.h"

/*
 * The body of a request, out of its framing (Content-Length or chunks) and out of gzip, which git
 * uses for what it says of its own history. Nothing is held: it goes from one queue to another.
 */
struct http_body {
	struct http1_body framing;
	uint64_t max;	/* bytes of payload that are taken */
	uint64_t coded; /* bytes out of the framing so far */
	uint64_t given; /* bytes of payload so far */
	bool gzip, gzip_ended;
	z_stream z;
};

/*
 * What gzip makes of a byte, at most; deflate's best is 1,032, git's own requests are at 3. Counted
 * from the first MiB on.
 */
#define HTTP_BODY_RATIO 64

/*
 * -EINVAL: two parsers could see two lengths; -EMEDIUMTYPE: another Content-Encoding; -EFBIG: it
 * says itself that it is longer than max. Ends with http_body_done in every case.
 */
int http_body_start(struct http_body *b, const struct http1_head *h, uint64_t max, struct err *e);

/*
 * Takes from in and adds payload to out, until that has `room` bytes or in is used up. -EINVAL:
 * broken framing or gzip, -EFBIG: too long or a bomb. Afterwards it is whole (http_body_is_whole),
 * or wants more of either.
 */
int http_body_take(
	struct http_body *b, struct buf *in, struct buf *out, size_t room, struct err *e);

/* Takes what is there and drops it: for a body whose reader has ended. */
int http_body_skip(struct http_body *b, struct buf *in, struct err *e);

bool http_body_is_whole(const struct http_body *b);

/* Bytes of payload when that is known before they came, or -1. */
int64_t http_body_length(const struct http_body *b);

void http_body_done(struct http_body *b);

#endif
