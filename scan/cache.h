#ifndef SCAN_CACHE_H
#define SCAN_CACHE_H

#include <stddef.h>

#include "base/err.h"

/*
 * Compiled rules in a file, so that a start takes milliseconds. The file's name holds a digest of
 * the rules, of Hyperscan's version and of the processor's features; it is written beside and
 * renamed, so two at once are fine. A file (or directory) that others than root or the caller can
 * write is not used, and said so. Holds the text of the rules, too, so that it is all a component
 * needs.
 */

/* Read only, to be handed on; made first where it is missing. The descriptor or -errno. */
int scan_cache_open(const char *dir, const char *rules_text, size_t rules_len,
	const char *rules_name, struct err *e);

/* What is in it, mapped. */
struct scan_cache {
	const void *compiled;
	size_t compiled_len;
	const char *rules_text; /* the operator's; NULL: none */
	size_t rules_len;
	void *map;
	size_t map_len;
};

/* fd stays the caller's. -EINVAL: not such a file, or of another version. */
int scan_cache_map(int fd, struct scan_cache *ret, struct err *e);
void scan_cache_unmap(struct scan_cache *c);

#endif
