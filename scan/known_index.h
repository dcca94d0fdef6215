#ifndef SCAN_KNOWN_INDEX_H
#define SCAN_KNOWN_INDEX_H

#include <stdint.h>
#include <stddef.h>

#include "base/secret.h"

/*
 * Needles, and how they are found in a text in much less than a look at each of its characters.
 *
 * A needle is a run of 8 to KNOWN_CARRY characters. All of a table have their first `window`
 * characters in it. A window holds one and only one group of five characters that begins at a
 * multiple of `step` = window - 4: so it is enough to look at these groups, whether a
 * bitmap has them, and only then at the windows around. Those of less than 12 have a table of their
 * own: they are few, and their steps are shorter.
 */
struct known_needle {
	uint32_t at; /* in `text` */
	uint32_t id : 24, run : 8;
};

struct known_table {
	struct known_needle *needles;
	size_t n, cap;
	unsigned int window, step, run_max;
	uint32_t *heads; /* needles by the hash of their window: heads[h] … heads[h + 1] */
	unsigned int head_shift;
	uint64_t *groups; /* bitmap of fives */
	unsigned int group_shift;
};

struct known_index {
	struct secret text; /* the spellings, one behind the other */
	size_t room;	    /* of text, while needles are added */
	struct known_table tables[2];
	size_t n; /* needles of both */
};

void known_index_done(struct known_index *x); /* wipes */

/* Adds a spelling, whose needles are added next; *ret_at is its place in text. 0 or -ENOMEM. */
int known_index_text(struct known_index *x, const unsigned char *p, size_t len, uint32_t *ret_at);
int known_index_add(struct known_index *x, const struct known_needle *needle);

/* After the last needle, before the first look. */
int known_index_build(struct known_index *x);

/* Characters of a text, of which those from `fresh` on are new. 8 bytes behind can be read. */
struct known_stretch {
	const unsigned char *p;
	size_t n, fresh;
};

/* [start, end) in the stretch. Negative ends. */
typedef int known_found_fn(void *arg, unsigned int id, size_t start, size_t end);

/* Every needle that ends among the new characters. */
int known_index_look(const struct known_index *x, const struct known_stretch *in,
	known_found_fn *found, void *arg);

#endif
