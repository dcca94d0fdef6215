#ifndef SCAN_INLINE_GROUPS_H
#define SCAN_INLINE_GROUPS_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Groups of characters that say groups of bytes (RFC 4648). A group with a character of no such
 * alphabet says bytes of 01, which are no text.
 */
void base64_decode(const unsigned char *chars, size_t groups, unsigned char *out); /* 4 → 3 */
void base32_decode(const unsigned char *chars, size_t groups, unsigned char *out); /* 8 → 5 */
void hex_decode(const unsigned char *chars, size_t groups, unsigned char *out);	   /* 2 → 1 */

/*
 * Whether n characters of base64, at any phase, may say anything that is written (text or a
 * container; start: a run begins here). False for nearly all that is something else, or random;
 * never false for a stretch of 8 characters of ASCII.
 */
bool base64_may_say(const unsigned char *chars, size_t n, bool start);
/* The same of base32, and of printable ASCII only. */
bool base32_may_say(const unsigned char *chars, size_t n);

#endif
