#ifndef SCAN_INLINE_MAGIC_H
#define SCAN_INLINE_MAGIC_H

#include <stdbool.h>
#include <stddef.h>

/*
 * The byte at which a container begins, or n. gzip, zip and zstd are known anywhere, others only
 * where a run starts: their magic numbers are short, and random bytes would be full of them.
 */
size_t magic_find(const unsigned char *p, size_t n, bool start);

#endif
