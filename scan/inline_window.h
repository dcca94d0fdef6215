#ifndef SCAN_INLINE_WINDOW_H
#define SCAN_INLINE_WINDOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "scan/inline.h"
#include "scan/inline_masks.h"

/*
 * The part of the text that the readers of codings look at, inside scan/inline*.c only. Each reader
 * keeps the place up to which it has read, and may leave the last WINDOW_BACK bytes unread, for
 * when more is there: all that it needs to decide must fit in there.
 */
#define WINDOW_BACK 1024
#define WINDOW_SIZE 8192 /* with what was left; a multiple of 64, as WINDOW_BACK */

struct inline_window {
	const unsigned char *p;
	uint64_t base; /* of p[0] in the text */
	size_t end;    /* bytes */
	bool last;     /* nothing more is to be waited for: all is to be decided */
	uint64_t *masks[CLASSES];
	const struct inline_out *out;
};

/* Where a reader goes on that stopped at this place of the text. */
static inline size_t window_at(const struct inline_window *w, uint64_t place)
{
	return place > w->base ? (size_t)(place - w->base) : 0;
}

#endif
