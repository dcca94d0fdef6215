#ifndef BASE_REGEX_H
#define BASE_REGEX_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

/*
 * A regular expression of the operator's (PCRE2, anchored at both ends) over bytes of the agent's.
 * Backtracking, depth and memory are bounded, so that no text makes it slow; it is interpreted,
 * since the process may make no memory executable.
 */
struct regex;

enum regex_fit {
	REGEX_NO,
	REGEX_YES,
	REGEX_LOST, /* given up at a bound: nobody knows */
};

/* caseless: of ASCII letters. -EINVAL names the pattern, the place in it and what is wrong. */
int regex_new(const char *pattern, bool caseless, struct regex **ret, struct err *e);
void regex_free(struct regex *x);

/* Whether it is one at all: 0, or as regex_new. */
int regex_check(const char *pattern, struct err *e);

enum regex_fit regex_test(const struct regex *x, const char *text, size_t len);

#endif
