#ifndef SCAN_OLD_KNOWN_H
#define SCAN_OLD_KNOWN_H

#include <stddef.h>
#include <stdint.h>

/*
 * Known secrets: any 12 consecutive letters and digits of one, in any of its spellings (as it is,
 * reversed, base64 at all three offsets, hexadecimal, percent-encoded), are found in a text from
 * which everything but letters and digits is dropped. So separators, line ends, quotes, padding,
 * NULs between characters and the way a stream is cut do not matter.
 */
#define KNOWN_RUN  12
#define KNOWN_RING 16 /* the next power of two */

struct old_known;

struct old_known *old_known_new(void);	  /* NULL when memory ran out; old_known_free */
void old_known_free(struct old_known *k); /* wipes */

/* The secret is from here on number `id`. 0 or -ENOMEM. */
int old_known_add(struct old_known *k, unsigned int id, const char *value, size_t len);

/* After the last secret, before the first text. 0 or -ENOMEM. */
int old_known_compile(struct old_known *k);

/* Where a text's reading stands. Start with {0}, line 1. */
struct old_known_state {
	unsigned __int128 run; /* the last KNOWN_RUN letters and digits, 6 bits each */
	size_t seen;	       /* letters and digits so far */
	size_t line;
	size_t lines[KNOWN_RING]; /* where each of the last ones stood */
};

/* Called with the secret's number and the line where the run began. Negative ends the search. */
typedef int old_known_hit_fn(void *arg, unsigned int id, size_t line);

int old_known_search(const struct old_known *k, struct old_known_state *state,
	const unsigned char *text, size_t len, old_known_hit_fn *hit, void *arg);

#endif
