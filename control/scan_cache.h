#ifndef CONTROL_SCAN_CACHE_H
#define CONTROL_SCAN_CACHE_H

#include "base/err.h"

/*
 * The compiled rules, built-in and of rules.toml in this operator's directory, for
 * scan_rules_new. bottle-rules compiles them where they are not in the cache yet. A descriptor,
 * owned by the caller, or -errno.
 */
int scan_cache_of(const char *home, struct err *e);

#endif
