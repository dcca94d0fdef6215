#ifndef SCAN_LINES_H
#define SCAN_LINES_H

#include <stddef.h>
#include <stdint.h>

/*
 * Which line of a stream a place stands in: for each 64 bytes of the last LINES_BACK, which of them
 * end a line, and how many did before.
 */
#define LINES_BACK   (256U << 10)
#define LINES_BLOCKS (LINES_BACK / 64)

struct lines {
	uint64_t ends[LINES_BLOCKS];
	uint64_t before[LINES_BLOCKS];
	uint64_t at, count; /* bytes and line ends so far */
};

void lines_reset(struct lines *l);
void lines_feed(struct lines *l, const unsigned char *p, size_t len);

/* From 1; 0 for a place that is further back than LINES_BACK or not there yet. */
size_t lines_of(const struct lines *l, uint64_t place);

#endif
