#ifndef SCAN_INLINE_SPAN_H
#define SCAN_INLINE_SPAN_H

#include "scan/inline_window.h"

/*
 * What is written of one span, gathered so that not each character is a write of its own, with the
 * places of its pieces.
 */
#define SPAN_BYTES  1024
#define SPAN_PIECES 64
#define SPAN_GRAIN  24 /* bytes of the text that an uneven piece stands for, about */

struct inline_span {
	enum inline_coding coding;
	bool open;
	uint64_t to;	/* the text's place up to which it is gathered */
	uint64_t until; /* where it ends, if nothing moves that */
	struct inline_piece pieces[SPAN_PIECES];
	size_t n_pieces;
	unsigned char bytes[SPAN_BYTES];
	size_t len;
};

/* A span begins at this place of the text. */
void span_begin(struct inline_span *s, uint64_t at);
/* The text's next n bytes say themselves. 0, or what out returned. */
int span_same(
	struct inline_span *s, const unsigned char *p, size_t n, const struct inline_out *out);
/* The text's next n bytes say len others, at most 64. */
int span_other(struct inline_span *s, size_t n, const unsigned char *p, size_t len,
	const struct inline_out *out);
/* The text says itself up to w->p[to], or up to where the span ends, which then is over. */
int span_reach(struct inline_span *s, const struct inline_window *w, size_t to);
/* Writes what is gathered; the span may go on. */
int span_write(struct inline_span *s, const struct inline_out *out);
/* The span is over, and wiped. */
int span_end(struct inline_span *s, const struct inline_out *out);
/* As nothing had been gathered. */
void span_drop(struct inline_span *s);

#endif
