#ifndef EGRESS_DECODE_H
#define EGRESS_DECODE_H

#include <stdint.h>

#include "base/http1.h"
#include "base/http1_body.h"

/*
 * The content codings of an answer, undone while it passes, so that what an upstream says again of
 * a credential can be seen: gzip, deflate, br and zstd (RFC 9110 section 8.4.1, RFC 7932, RFC
 * 8878), several on one another. Whatever the bytes that have come say is given at once. Memory is
 * that of the decoders' windows, wherever the answer ends; all of it is wiped.
 */
struct decode;

/* Codings on one another; no server applies more. Each has a window of up to 16 MiB. */
#define DECODE_STAGES_MAX 2

/* Whether an answer has a coding at all. */
bool decode_wanted(const struct http1_head *response);

/*
 * For an answer with this head. ratio: what comes out may be so many times what came in, once a MiB
 * came out. 0, -ENOMEM, or -ENOTSUP: a coding that is not known, or too many. Owner: the caller.
 */
int decode_new(const struct http1_head *response, int64_t ratio, struct decode **ret);
void decode_free(struct decode *d); /* wipes; NULL is fine */

/* More of the answer; copied. 0 or -ENOMEM. */
int decode_feed(struct decode *d, const struct http1_piece *in);

/*
 * What it says, a piece at a time; valid until the next call. 1: there was a piece; 0: more of the
 * answer is needed; -EBADMSG: it is broken, or beyond the ratio; -ENOMEM.
 */
int decode_take(struct decode *d, struct http1_piece *ret);

/* The answer ended, and all was taken. 0, or -EBADMSG: what it says did not. */
int decode_end(const struct decode *d);

/* What it was, is no more true: Content-Encoding and what was reckoned over the coded bytes. */
void decode_strip(struct http1_head *response);

#endif
