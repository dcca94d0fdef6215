#ifndef SCAN_INLINE_BASE58_H
#define SCAN_INLINE_BASE58_H

#include "scan/inline_window.h"

/*
 * base58 (Bitcoin's alphabet): a number, so that only a whole token says something, and one of
 * bounded length is decoded at a bounded cost.
 */
#define BASE58_LEAST 16
#define BASE58_MAX   900 /* of which a window's rest has room */

struct base58_reader {
	uint64_t next;
};

int base58_scan(struct base58_reader *r, const struct inline_window *w);

#endif
