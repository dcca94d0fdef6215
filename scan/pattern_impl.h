#ifndef SCAN_PATTERN_IMPL_H
#define SCAN_PATTERN_IMPL_H

#include "scan/pattern.h"

/* Between scan/pattern.c and scan/pattern_set.c. */

struct pattern_flags {
	bool caseless, dotall, ungreedy;
};

struct parser {
	const char *text;
	size_t at;
	unsigned int depth;
	struct pattern_node *all;
	struct err *e;
	int failed; /* -errno */
};

/* A new node of the tree, from `at` to where the parser stands; NULL when memory ran out. */
struct pattern_node *pattern_node(struct parser *p, enum pattern_kind kind, size_t at);
int pattern_fail(struct parser *p, int code, const char *why);

/* What begins at `at` and was read up to its first byte: NULL after a failure. */
struct pattern_node *pattern_byte(
	struct parser *p, const struct pattern_flags *flags, unsigned char c, size_t at);
struct pattern_node *pattern_class(struct parser *p, const struct pattern_flags *flags, size_t at);
struct pattern_node *pattern_escape(struct parser *p, const struct pattern_flags *flags, size_t at);

#endif
