#ifndef SCAN_POSSESS_H
#define SCAN_POSSESS_H

#include "base/str.h"
#include "scan/pattern.h"

/*
 * Adds the pattern to *to, its repeats of a set made possessive ("[a-z]{3,90}" to "[a-z]{3,90}+")
 * where what must follow begins with no byte of the set: there a shorter repeat cannot match where
 * the longest does not, so PCRE2 need not try them. What it matches stays the same.
 */
void possess_pattern(const struct pattern *p, struct str *to);

#endif
