#ifndef SCAN_CACHE_H
#define SCAN_CACHE_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/*
 * Compiled rules in a file, so that a start takes milliseconds. The file's name holds a digest of
 * the rules, of Hyperscan's version and of the processor's features; it is written beside and
 * renamed, so two at once are fine. A file (or directory) that others than root or the caller can
 * write is not used, and said so. Holds the text of the rules, too, so that it is all a component
 * needs.
 */

/*
 * Read only, to be handed on; made first where it is missing or broken, and so is the directory
 * (0700). rules_text NULL: only the built-in ones. The descriptor or -errno; -EPERM: the directory
 * is not the caller's alone. In scan/cache_make.c, which needs the compiler: the whole of libhs.
 */
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

/* The file, in the machine's own order; the parts begin at multiples of 64 bytes. */
#define SCAN_CACHE_MAGIC   UINT64_C(0x6568636163746f62)
#define SCAN_CACHE_VERSION 1U
#define SCAN_CACHE_MAX	   (64U << 20)

struct scan_cache_head {
	uint64_t magic;
	uint32_t version;
	uint32_t has_rules;
	uint64_t compiled_at, compiled_len;
	uint64_t rules_at, rules_len;
	uint64_t len;
	uint64_t sum; /* of head (with 0 here) and rest */
};

/* Tells a broken file, not a made-up one. */
uint64_t scan_cache_sum(const struct scan_cache_head *h, const void *rest, size_t len);

/*
 * fd stays the caller's, who trusts who wrote it. All lengths and a checksum are compared.
 * -EINVAL: not such a file, broken, or of another version. In scan/cache.c, without the compiler.
 */
int scan_cache_map(int fd, struct scan_cache *ret, struct err *e);
void scan_cache_unmap(struct scan_cache *c);

#endif
