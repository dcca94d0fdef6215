#ifndef SCAN_REWRITE_H
#define SCAN_REWRITE_H

#include "base/err.h"
#include "base/str.h"
#include "scan/pattern.h"

/*
 * What PCRE2 runs instead of a pattern. Two things are different:
 *
 * A condition that it begins with (\b, (?<!…), ^ beside another) also holds behind an escape that
 * ends in a letter or digit: a token stands in "\nTOKEN" and in "%0ATOKEN", where the text before
 * it is not a word. So it need not be undone to be found.
 *
 * A lazy repeat of a set that it begins with ("[\w.-]{0,50}?") is left out: it says no more than
 * how much in front is part of the match, which is counted (struct rewrite_lead) instead of tried
 * from each byte on.
 */
struct rewrite_lead {
	unsigned int max; /* bytes; 0: none */
	uint64_t set[4];
};

/* lead_max: a longer lead is not left out. Adds to *to; *ret_lead is of what was left out. */
void rewrite_pattern(const struct pattern *p, unsigned int lead_max, struct str *to,
	struct rewrite_lead *ret_lead);

#endif
