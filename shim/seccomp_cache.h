#ifndef SHIM_SECCOMP_CACHE_H
#define SHIM_SECCOMP_CACHE_H

#include <stddef.h>

#include "base/err.h"

/*
 * Compiled filters by their rules. A file holds the whole text of the rules before the filter, so
 * that two texts with one hash are only a miss; it is believed only when nobody but the caller
 * (root) can write it. The cache is an aid: whatever is wrong with it counts as a miss.
 */

/* 1 and the filter (caller frees) or 0. */
int seccomp_cache_get(const char *dir, const char *rules, void **ret_filter, size_t *ret_len);

/* Stores a filter; -errno is for the caller to log. */
int seccomp_cache_put(
	const char *dir, const char *rules, const void *filter, size_t len, struct err *e);

#endif
