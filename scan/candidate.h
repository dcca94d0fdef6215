#ifndef SCAN_CANDIDATE_H
#define SCAN_CANDIDATE_H

#include "base/err.h"
#include "base/str.h"
#include "scan/pattern.h"

/*
 * What Hyperscan looks for instead of a pattern: a part of it that every match contains, quick to
 * find and short. Repeats at its ends are cut to their least count, so that one match does not make
 * a candidate at each of its bytes; conditions are left out, so that it does not matter where a
 * block of the text begins. So it is wider than the pattern, never narrower.
 */
#define CANDIDATES_MAX 64

/* Sets, repeats and alternatives in a row: groups and sequences are opened, conditions left out. */
#define PATTERN_ITEMS_MAX 512

struct pattern_items {
	const struct pattern_node *list[PATTERN_ITEMS_MAX];
	size_t n; /* what would be more is not there */
};

/* Adds the items of a node. */
void pattern_flatten(const struct pattern_node *n, struct pattern_items *to);

/* Letters of the longest literal that each match has. */
unsigned int pattern_literal(const struct pattern_items *row);

struct candidate {
	struct str expression; /* Hyperscan's syntax, no flags */
	/* From where a match begins to where the candidate in it ends; PATTERN_INF: no limit. */
	unsigned int left_min, left_max;
	unsigned int width; /* the most bytes that it takes */
};

struct candidates {
	struct candidate list[CANDIDATES_MAX];
	size_t n;
};

/*
 * Each match contains one of *ret (start with {0}), none of which is longer than `width` bytes.
 * -ENOTSUP: there is no such part (the pattern matches the empty text). -ENOMEM.
 */
int candidates_of(const struct pattern *p, unsigned int width, struct candidates *ret);
void candidates_done(struct candidates *c);
#define cleanup_candidates __attribute__((cleanup(candidates_done)))

#endif
