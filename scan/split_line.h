#ifndef SCAN_SPLIT_LINE_H
#define SCAN_SPLIT_LINE_H

#include <stddef.h>
#include <stdint.h>

#include "scan/known.h"
#include "scan/known_index.h"
#include "scan/known_keep.h"

/*
 * A value's ends, as an index of needles sees it: its characters up to SPLIT_ENDS; of a longer one
 * the first and the last ones, as what is joined to it reaches no further.
 */
#define SPLIT_ENDS (2 * KNOWN_CARRY)

struct split_part {
	unsigned char first[SPLIT_ENDS + KNOWN_KEEP_SLACK];
	unsigned char last[KNOWN_CARRY]; /* once there were more than SPLIT_ENDS */
	size_t n;			 /* all of them */
};

void split_part_add(struct split_part *part, const unsigned char *p, size_t n);
/* The last ones of p, behind those there are. */
void split_part_add_last(struct split_part *part, const unsigned char *p, size_t n);
/* Tells values apart, but for what stands between their ends. */
uint64_t split_part_hash(struct split_part *part);

/* A row of joined values: its last characters, and where among them values begin. */
struct split_line {
	unsigned char codes[KNOWN_CARRY];
	uint32_t starts; /* bit i: codes[i] is the first one of its value */
	uint32_t n;
};

enum split_order { SPLIT_FORWARD, SPLIT_BACKWARD };

/* Joins a value; runs that began in an earlier one are told, with places of no meaning. */
int split_line_join(struct split_line *line, const struct known_index *x,
	const struct split_part *part, enum split_order order, known_hit_fn *hit, void *arg);

#endif
