#ifndef SCAN_KNOWN_SPELL_H
#define SCAN_KNOWN_SPELL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The spellings of a value: what it looks like in a coding, or in a chain of two. Only characters
 * that are the value's alone, whatever stands beside it: of base64, those in which no neighbour has
 * a share.
 */
struct spelling {
	unsigned char *c;
	uint32_t *from; /* the byte of the value that each character begins to tell */
	size_t n, cap;
	bool failed;	  /* memory ran out */
	unsigned int run; /* characters in a row that are not there by chance */
};

/* How many spellings there are; the first one is the value as it is. */
extern const size_t spellings;

/* Values of more bytes than this are spelled in chains no more: their parts stand undivided. */
#define SPELLING_CHAIN_MAX 512

/* Spelling `row` of a value, into *ret (started with {0}); none: nothing is written. */
void spelling_of(struct spelling *ret, size_t row, const unsigned char *value, size_t len);
void spelling_done(struct spelling *s); /* wipes */
#define cleanup_spelling __attribute__((cleanup(spelling_done)))

#endif
