#ifndef SCAN_SPAN_H
#define SCAN_SPAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "scan/pattern.h"

/*
 * A part of a pattern that is long and of few different bytes, such as a card's number or 54 of
 * [A-Z2-7]: all of its first `len` bytes are in one set. Text without such a stretch is passed in
 * strides of `len`, which costs next to nothing, where Hyperscan would have to look at each byte
 * for want of a literal. All of ASCII.
 */
#define SPAN_FIRST 8
#define SPAN_MIN   12
#define SPAN_MAX   64

struct span {
	uint32_t len;
	uint32_t left_min, left_max; /* from where a match begins to where the span does */
	uint32_t unused;
	uint64_t any[4];	       /* what its bytes are in */
	uint64_t first[SPAN_FIRST][4]; /* … and the first of them */
};

/* Each match contains *ret; false: the pattern has a literal, or no such stretch. */
bool span_of(const struct pattern *p, struct span *ret);

#endif
