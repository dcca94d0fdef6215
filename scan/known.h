#ifndef SCAN_KNOWN_H
#define SCAN_KNOWN_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/*
 * Known secrets: any 12 consecutive letters and digits of one, in either case and in any of its
 * spellings, are found in a text from which everything but letters and digits is dropped. So
 * separators, line ends, quotes, padding, NULs between characters and the way a stream is cut do
 * not matter. Codings that need to be undone are undone by others (scan/inline.h, container.h); the
 * spellings here are those whose parts can be torn out of their coding: reversed, base64 at all
 * offsets, base32, hexadecimal, …
 *
 * One of 8 to 11 letters and digits is looked for whole. A run that lies in a vendor's public
 * prefix ("sk-ant-api03-") says nothing and is not looked for; nor could it be used to guess the
 * rest, character by character, by asking again and again.
 */
#define KNOWN_RUN 12

struct known;

struct known *known_new(void);	  /* NULL when memory ran out; known_free */
void known_free(struct known *k); /* wipes */

/* The secret is from here on number `id`. -EINVAL: too short to be looked for. */
int known_add(struct known *k, unsigned int id, const char *value, size_t len, struct err *e);

/* After the last secret, before the first text. 0 or -ENOMEM. */
int known_compile(struct known *k);

/* Where a text's reading stands; plain memory, starts with {0}. KNOWN_STATE_MAX bytes or less. */
struct known_state {
	unsigned char codes[16]; /* the last letters and digits */
	uint64_t places[16];	 /* where in the text each stood */
	uint64_t seen;		 /* letters and digits so far */
	uint64_t at;		 /* bytes of the text so far */
	uint64_t word[4];	 /* the implementation's */
};

/* The secret's number, and the place of the run in the text: [start, end). Negative ends. */
typedef int known_hit_fn(void *arg, unsigned int id, uint64_t start, uint64_t end);

int known_search(const struct known *k, struct known_state *state, const unsigned char *text,
	size_t len, known_hit_fn *hit, void *arg);

#endif
