#ifndef SCAN_RULE_PATTERN_H
#define SCAN_RULE_PATTERN_H

#include <stdbool.h>

#include "base/err.h"

/*
 * A regular expression in RE2's syntax (Go's regexp/syntax, which gitleaks takes) → one that means
 * the same to PCRE2 and to Hyperscan on bytes: `$` without (?m) is the end of the text
 * (PCRE2_DOLLAR_ENDONLY), `.` a byte other than a line feed (PCRE2_NEWLINE_LF); \z and \A become
 * ends that PCRE2_NOTEOL and PCRE2_NOTBOL hold for. Characters beyond ASCII become their UTF-8.
 *
 * *ret_wider: it matches all that was meant and something else, too, beyond ASCII. -EINVAL: not
 * RE2's syntax, or not expressible; the message says what. Caller frees *ret.
 */
int rule_pattern_of_re2(const char *re2, char **ret, bool *ret_wider, struct err *e);

#endif
