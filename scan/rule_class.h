#ifndef SCAN_RULE_CLASS_H
#define SCAN_RULE_CLASS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/str.h"

/* Classes of characters in RE2's syntax, as sets; inside scan/rule_*.c only. */

#define RULE_CLASS_WIDE 64 /* single characters beyond ASCII that one may name */

struct rule_class {
	uint64_t bytes[4];
	uint32_t wide[RULE_CLASS_WIDE]; /* code points from U+0080 on */
	unsigned int n_wide;
	bool all_wide; /* all of them: more than was meant */
};

/* A code point, or the ranges of "\\d", "\\pN" and "[:alpha:]". */
void rule_class_add(struct rule_class *c, uint32_t from, uint32_t to);

/*
 * Reads what one backslash says, at its letter: a code point (returns 1, *ret_char), or a set that
 * is added to c (returns 0). -EINVAL.
 */
int rule_class_escape(const char **p, struct rule_class *c, uint32_t *ret_char, struct err *e);

/* Reads a class behind its '['. caseless: what it leaves out, it leaves out in either case. */
int rule_class_read(const char **p, bool caseless, struct rule_class *c, struct err *e);

/* A UTF-8 character, or one byte where it is none; moves on. */
uint32_t rule_class_char(const char **p);

/* Writes what matches one of c. */
void rule_class_write(const struct rule_class *c, struct str *out);
/* Writes what matches this character, one item whatever its length. */
void rule_class_write_char(uint32_t c, struct str *out);

#endif
