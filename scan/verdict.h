#ifndef SCAN_VERDICT_H
#define SCAN_VERDICT_H

#include <stdbool.h>
#include <stddef.h>

#include "scan/ruleset.h"

/*
 * What becomes of a match of a rule's pattern: entropy, allowlists, validators, path. Regular
 * expressions of allowlists are compiled when first needed.
 */
struct verdicts;

struct verdict_match {
	size_t rule;		   /* index in the ruleset */
	const char *path;	   /* of the file, or NULL */
	const unsigned char *text; /* what stands around, for the line */
	size_t len;
	size_t start, end;		 /* of the match in text */
	size_t secret_start, secret_end; /* … and of the secret */
};

/* The ruleset must outlive it. Owner: the caller. */
int verdicts_new(const struct ruleset *rules, struct verdicts **ret, struct err *e);
void verdicts_free(struct verdicts *v);

/*
 * 1: a finding, *ret its confidence (a passed checksum makes it high, unless the rule only warns);
 * 0: none. -EIO: a pattern could not be decided within its bounds.
 */
int verdict_of(struct verdicts *v, const struct verdict_match *m, enum scan_confidence *ret,
	struct err *e);

#endif
