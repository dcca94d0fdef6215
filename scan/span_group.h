#ifndef SCAN_SPAN_GROUP_H
#define SCAN_SPAN_GROUP_H

#include "scan/span.h"

/*
 * Spans of similar sets, looked for together: first where the text has a run of the
 * union of their sets that is as long as the shortest (a shuffle of nibbles, 16 bytes at a time),
 * and only then each span in it.
 */
struct span_group {
	unsigned char low[16], high[16]; /* by nibble: which rows of ASCII are in the set */
	uint64_t any[4];
	uint32_t len; /* of the shortest span */
};

/* Starts as {0}; false: the span fits better into another group. */
bool span_group_add(struct span_group *g, const struct span *s);

/*
 * The next run of the group's set that has at least g->len bytes in text[*at, len), behind which
 * *at is moved. false: no more.
 */
bool span_group_next(const struct span_group *g, const unsigned char *text, size_t len, size_t *at,
	size_t *ret_start, size_t *ret_end);

#endif
