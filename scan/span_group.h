#ifndef SCAN_SPAN_GROUP_H
#define SCAN_SPAN_GROUP_H

#include "scan/span.h"

/*
 * Spans of similar sets, looked for together: first where the text has a run of the union of their
 * sets that is as long as the shortest, and only then each span in it. Both 64 bytes at a time: a
 * set of ASCII is two tables by nibbles, and a shuffle tells which of 16 bytes are in it.
 */
struct span_set {
	unsigned char low[16], high[16]; /* which rows of ASCII have the column; the row's bit */
};

struct span_group {
	struct span_set set;
	uint64_t any[4];
	uint32_t len; /* of the shortest span */
};

/* Places of a span with few bytes, the fewest first: where all of them fit, it may begin. */
#define SPAN_PROBES 3

struct span_probe {
	struct span_set sets[SPAN_PROBES];
	uint32_t places[SPAN_PROBES];
};

/* So many bytes behind a text must be there to be read; what they are does not matter. */
#define SPAN_PAD 128

/* Starts as {0}; false: the span fits better into another group. */
bool span_group_add(struct span_group *g, const struct span *s);

void span_probe_of(const struct span *s, struct span_probe *ret);

/*
 * The next run of the group's set that has at least g->len bytes in text[*at, len), behind which
 * *at is moved. false: no more.
 */
bool span_group_next(const struct span_group *g, const unsigned char *text, size_t len, size_t *at,
	size_t *ret_start, size_t *ret_end);

/*
 * The next place in text[*at, end) where the span may begin and has room, behind which *at is
 * moved; the text there is a run of the group's set. false: no more.
 */
bool span_probe_next(const struct span *s, const struct span_probe *p, const unsigned char *text,
	size_t end, size_t *at, size_t *ret);

#endif
