#ifndef SCAN_PATTERN_H
#define SCAN_PATTERN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/*
 * A regular expression as a tree: what of RE2's and PCRE2's common syntax rules are written in,
 * over bytes (re2/doc/syntax.txt, pcre2pattern(3)). Only to look at: the expression itself is what
 * PCRE2 runs. A set of the tree may be wider than what is written, never narrower.
 */
enum pattern_kind {
	PATTERN_SET,	/* one byte of the set */
	PATTERN_CAT,	/* children in a row; none: the empty text */
	PATTERN_ALT,	/* one of the children */
	PATTERN_REPEAT, /* the child, min to max times */
	PATTERN_GROUP,	/* the child, captured */
	PATTERN_ASSERT, /* no byte, but a condition */
	PATTERN_OPAQUE, /* any bytes: what is not followed here, such as a reference back */
};

enum pattern_assert {
	PATTERN_WORD,	    /* \b */
	PATTERN_BEGIN,	    /* ^ */
	PATTERN_NOT_BEHIND, /* (?<!…) */
	PATTERN_OTHER,
};

/* A width without a limit. */
#define PATTERN_INF 0x00ffffffU

struct pattern_node {
	enum pattern_kind kind;
	enum pattern_assert assert;
	struct pattern_node *child, *next;
	struct pattern_node *all; /* the tree's, to free them */
	uint64_t set[4];
	unsigned int min, max; /* of a REPEAT */
	bool lazy;
	size_t at, end; /* where it stands in the text */
};

struct pattern {
	const char *text; /* borrowed */
	struct pattern_node *root, *all;
};

/* -EINVAL: broken; -ENOTSUP: something that is not followed here; -ENOMEM. */
int pattern_parse(const char *text, struct pattern *ret, struct err *e);
void pattern_done(struct pattern *p);
#define cleanup_pattern __attribute__((cleanup(pattern_done)))

static inline bool pattern_has(const struct pattern_node *n, unsigned int byte)
{
	return n->set[byte >> 6] >> (byte & 63) & 1;
}

/* How many bytes of a set. */
unsigned int pattern_set_size(const struct pattern_node *n);

/* The least and the most bytes that a node takes; PATTERN_INF: no limit. */
unsigned int pattern_min(const struct pattern_node *n);
unsigned int pattern_max(const struct pattern_node *n);

#endif
