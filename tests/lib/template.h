#ifndef TESTS_LIB_TEMPLATE_H
#define TESTS_LIB_TEMPLATE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

/*
 * The templates of scan/rules/README.md, so that nothing in the tree looks like a credential. A
 * test includes template.c, too.
 */
struct template_random {
	uint64_t state;
};

/* Below n. */
uint32_t template_below(struct template_random *r, uint32_t n);

/* Appends what the template becomes; false: it is no template, *ret_why tells (static). */
bool template_expand(
	const char *template, struct template_random *r, struct str *out, const char **ret_why);

#endif
