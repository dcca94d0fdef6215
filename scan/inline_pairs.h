#ifndef SCAN_INLINE_PAIRS_H
#define SCAN_INLINE_PAIRS_H

#include <stddef.h>
#include <stdint.h>

/*
 * Where in the first n of 64 characters of base64 two groups of four begin that with what stands
 * beside them may say eight bytes of ASCII (or NUL): never too few places. All 64 are read.
 */
uint64_t base64_pairs(const unsigned char p[64], size_t n);

#endif
