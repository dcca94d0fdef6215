#ifndef SCAN_IMAGE_H
#define SCAN_IMAGE_H

#include <stddef.h>
#include <stdint.h>

#include "scan/ruleset.h"
#include "scan/span.h"

/*
 * Compiled rules as bytes: what scan/compile.c writes and scan/matcher.c reads, in the machine's
 * own order. Parts stand behind each other: head, spans, rules, expressions, strings, and at a
 * multiple of 64 Hyperscan's database as it lies in memory, so that a mapping of it is used as it
 * is and shared by processes.
 */
#define IMAGE_MAGIC   UINT64_C(0x31656c75722d7462)
#define IMAGE_VERSION 3U
#define IMAGE_ALIGN   64

struct image_head {
	uint64_t magic;
	uint32_t version;
	uint32_t n_rules, n_expressions, n_spans;
	uint32_t unused;
	uint32_t strings_len;
	uint32_t overlap;      /* bytes that a block of text has in common with the one before it */
	uint32_t reach;	       /* the greatest of the rules' */
	uint32_t left;	       /* the greatest left_max of the expressions */
	uint32_t features;     /* of the processor, as image_features told */
	uint64_t rules_digest; /* of the ruleset that it was made of */
	uint64_t database_at, database_len;
};

enum image_flag {
	IMAGE_NO_PATTERN = 1 << 0, /* nothing to look for: a rule of paths only */
	IMAGE_OPEN = 1 << 1,	   /* a match has no limit but its window */
};

struct image_rule {
	uint32_t pattern_at, pattern_len; /* what PCRE2 runs, in the strings; a NUL is behind it */
	uint32_t flags;
	uint32_t reach;	   /* bytes behind a match's begin that decide about it */
	uint32_t lead_max; /* bytes of lead_set in front of a match that belong to it */
	uint32_t unused;
	uint64_t lead_set[4];
};

/* Its number is Hyperscan's id. */
struct image_expression {
	uint32_t rule;
	uint32_t left_min, left_max; /* from a match's begin to the candidate's end */
};

/* What is looked for without Hyperscan. */
struct image_span {
	uint32_t rule;
	uint32_t unused;
	struct span is;
};

/* FNV-1a over what matching depends on: names a ruleset, guards against mixing two up. */
uint64_t image_digest(const struct ruleset *rules);

/* What of the processor Hyperscan's databases are made for, as bits. */
uint32_t image_features(void);

#endif
