#ifndef SCAN_ORIGIN_H
#define SCAN_ORIGIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "scan/inline.h"

/* Which bytes of its parent say which bytes of a decoded text: of the last pieces, which are those
 * of the longest match and some more. */
#define ORIGIN_BACK 128

struct origin {
	struct origin_piece {
		uint64_t at; /* here */
		struct inline_piece piece;
	} pieces[ORIGIN_BACK];
	size_t n; /* ever written */
};

void origin_reset(struct origin *o);
/* What is written at this place of the text. */
void origin_add(struct origin *o, uint64_t at, const struct inline_piece *pieces, size_t n_pieces);

/* [*start, *end) of the text becomes what says it in the parent; false: not known any more. */
bool origin_of(const struct origin *o, uint64_t *start, uint64_t *end);

#endif
