#ifndef SCAN_ORIGIN_H
#define SCAN_ORIGIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Which bytes of its parent say which bytes of a decoded text: of the last writes. */
#define ORIGIN_BACK 32

struct origin {
	struct origin_piece {
		uint64_t at, end;  /* here */
		uint64_t from, to; /* in the parent */
	} pieces[ORIGIN_BACK];
	size_t n; /* ever written */
};

void origin_reset(struct origin *o);
void origin_add(struct origin *o, const struct origin_piece *piece);

/* [*start, *end) of the text becomes what says it in the parent; false: not known any more. */
bool origin_of(const struct origin *o, uint64_t *start, uint64_t *end);

#endif
