#ifndef SCAN_RULE_PATTERN_H
#define SCAN_RULE_PATTERN_H

#include "base/err.h"

/*
 * A regular expression in RE2's syntax (Go's regexp/syntax) → one that means the same to PCRE2 and
 * Hyperscan on bytes. -EINVAL: not RE2's syntax, or not expressible; the message names it. Caller
 * frees *ret.
 */
int rule_pattern_of_re2(const char *re2, char **ret, struct err *e);

#endif
