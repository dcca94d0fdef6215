#ifndef SCAN_ENTROPY_H
#define SCAN_ENTROPY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Text that looks random: windows of printable characters without white space whose bits a
 * character (Shannon) are at least ENTROPY_FLOOR. Windows are at fixed places of the text, so a run
 * of twice their length holds one.
 */
#define ENTROPY_WINDOW 128
#define ENTROPY_FLOOR  5500 /* thousandths of a bit */

/* Thousandths of a bit a character. */
unsigned int entropy_of(const unsigned char *p, size_t len);

/* Plain memory, starts with {0}. */
struct entropy {
	unsigned char window[ENTROPY_WINDOW];
	size_t fill;
	uint64_t at;
};

/* Whether such a window was completed; *start is where it begins. The rest of p is left unread. */
bool entropy_feed(struct entropy *s, const unsigned char *p, size_t len, uint64_t *start);

#endif
