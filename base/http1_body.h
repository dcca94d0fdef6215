#ifndef BASE_HTTP1_BODY_H
#define BASE_HTTP1_BODY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/http1.h"

/*
 * A message body taken out of its framing and put into a new one: what passes is the payload only.
 * Chunk extensions end here, and trailers, too, where nobody collects them: nothing unchecked
 * travels in them.
 */
enum http1_body_state {
	HTTP1_BODY_DATA,      /* payload, `left` bytes of it (or until close) */
	HTTP1_BODY_SIZE,      /* the line with a chunk's size */
	HTTP1_BODY_SIZE_EXT,  /* its extension, ignored up to the line's end */
	HTTP1_BODY_CHUNK_END, /* CR LF behind a chunk */
	HTTP1_BODY_TRAILER,   /* lines behind the last chunk */
	HTTP1_BODY_DONE,
};

struct http1_body {
	enum http1_framing framing;
	enum http1_body_state state;
	uint64_t left;
	unsigned int digits;   /* of the chunk size seen so far */
	unsigned int overhead; /* bytes of extensions or trailers; bounded */
	unsigned int line;     /* bytes of the present trailer line */
	bool seen_cr;
	bool refuse_extensions; /* a request's: no client has a use for them */
	/* Borrowed; NULL after http1_body_start, which drops trailers. Set: gets their lines, the
	 * empty one included, for http1_parse_trailers. Bounded. */
	struct buf *trailers;
};

void http1_body_start(
	struct http1_body *b, const struct http1_length *length, bool refuse_extensions);

static inline bool http1_body_is_done(const struct http1_body *b)
{
	return b->state == HTTP1_BODY_DONE;
}

/* A piece of payload inside the caller's input. */
struct http1_piece {
	const unsigned char *data;
	size_t len;
};

/*
 * Takes from p: returns how many bytes were used, at most one piece of payload among them (*ret,
 * len 0: none). It may use none when more input is needed. -EPROTO: broken framing; -ENOMEM.
 */
long http1_body_take(
	struct http1_body *b, const unsigned char *p, size_t len, struct http1_piece *ret);

/* The peer closed: 0 when that ends the body well, -EPROTO when bytes are missing. */
int http1_body_at_eof(struct http1_body *b);

/* Writes payload, and the end, in the framing (LENGTH, CHUNKED or UNTIL_CLOSE) of the other side.
 */
int http1_body_put(enum http1_framing framing, struct buf *out, const struct http1_piece *piece);
int http1_body_put_end(enum http1_framing framing, struct buf *out);

/* The end of chunks with trailers; n_fields 0: without. */
int http1_body_put_trailers(struct buf *out, const struct http1_head *trailers);

#endif
