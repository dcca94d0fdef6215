#ifndef BASE_RANGES_H
#define BASE_RANGES_H

#include <limits.h>
#include <stdbool.h>

#include "base/err.h"

/*
 * A set of small numbers, written "0-3,7" (cpuset(7), "List format"): CPUs or memory nodes. The
 * words are as sched_setaffinity(2) and set_mempolicy(2) take them.
 */
#define RANGES_BITS	 1024 /* of glibc's cpu_set_t, and of the kernel's largest node mask */
#define RANGES_WORD_BITS (sizeof(unsigned long) * CHAR_BIT)

struct ranges {
	bool present; /* anything stood there */
	unsigned long words[RANGES_BITS / RANGES_WORD_BITS];
};

/*
 * Reads a list. Blanks around numbers and empty elements are let through, as runc does; an empty
 * text is an absent set. -EINVAL or -ERANGE for what is no number, runs backwards or is too large;
 * *ret is then unspecified.
 */
int ranges_parse(const char *text, struct ranges *ret, struct err *e);

bool ranges_has(const struct ranges *r, unsigned int n);

#endif
