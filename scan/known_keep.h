#ifndef SCAN_KNOWN_KEEP_H
#define SCAN_KNOWN_KEEP_H

#include <stddef.h>

/* How to gather some of eight bytes to the front, by which of them are kept. */
struct known_keep {
	unsigned char shuffles[256][8];
};

void known_keep_init(struct known_keep *keep);

/* Room that is written before it is read: to clear it would take longer than a short text does. */
#if defined(__has_attribute) && __has_attribute(uninitialized)
#define KNOWN_UNSET __attribute__((uninitialized))
#else
#define KNOWN_UNSET
#endif

/* What known_keep may write beyond what it returns. */
#define KNOWN_KEEP_SLACK 16

/*
 * Copies the letters and digits of a text, in lower case, and drops the rest. out: room for len and
 * KNOWN_KEEP_SLACK. How many were kept.
 */
size_t known_keep(
	const struct known_keep *keep, unsigned char *out, const unsigned char *text, size_t len);

#endif
