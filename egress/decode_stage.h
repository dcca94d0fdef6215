#ifndef EGRESS_DECODE_STAGE_H
#define EGRESS_DECODE_STAGE_H

#include <stdbool.h>
#include <stddef.h>

/* Between egress/decode.c and the decoders: one coding of an answer. */

/* What a call may read and write; both are moved on by it. */
struct decode_span {
	const unsigned char *in;
	size_t in_len;
	unsigned char *out;
	size_t out_len;
};

struct decode_kind {
	void *(*open)(void); /* NULL when memory ran out */
	/* Goes on as far as input and room allow. 0, -EBADMSG or -ENOMEM. */
	int (*run)(void *decoder, struct decode_span *s);
	/* Whether the input may end here. */
	bool (*is_whole)(const void *decoder);
	void (*close)(void *decoder);
};

extern const struct decode_kind decode_gzip, decode_deflate, decode_br, decode_zstd;

#endif
