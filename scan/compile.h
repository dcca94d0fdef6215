#ifndef SCAN_COMPILE_H
#define SCAN_COMPILE_H

#include <stddef.h>

#include "base/err.h"
#include "scan/ruleset.h"

/*
 * Rules → what matcher_new takes. Only this and scan/cache.h need the whole of libhs. Takes about a
 * second and some tens of MiB. A rule that Hyperscan cannot express is compiled as a wider one
 * (PCRE2 confirms); one that PCRE2 cannot express is an error that names it. Caller frees *ret.
 */
int matcher_compile(const struct ruleset *rules, void **ret, size_t *ret_len, struct err *e);

#endif
