#ifndef SCAN_KNOWN_H
#define SCAN_KNOWN_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/*
 * Known secrets: any 12 consecutive letters and digits of one, in either case and in any of its
 * spellings, are found in a text from which everything but letters and digits is dropped. So
 * separators, line ends, quotes, padding, NULs between characters, invisible characters and the way
 * a stream is cut do not matter. Codings that need to be undone are undone by others
 * (scan/inline.h, container.h); the spellings here (scan/known_spell.h) are those whose parts can
 * be torn out of their coding: reversed, base64 at all offsets, base32, hexadecimal, …
 *
 * What is no secret in a secret (a vendor's prefix, the host of a URL, a JSON key, a word) is not
 * looked for by itself, or ordinary text would be refused, and prefixes could be used to guess the
 * rest, character by character: scan/known_value.h decides. One of 8 to 11 letters and digits is
 * looked for whole; one of fewer, or of a plain word, as its very bytes.
 */
#define KNOWN_RUN 12

struct known;

struct known *known_new(void);	  /* NULL when memory ran out; known_free */
void known_free(struct known *k); /* wipes */
static inline void known_cleanup(struct known **k)
{
	known_free(*k);
}
#define cleanup_known __attribute__((cleanup(known_cleanup)))

/* The secret is from here on number `id`, below KNOWN_IDS. -EINVAL: too short to be looked for. */
#define KNOWN_IDS (1U << 24)
int known_add(struct known *k, unsigned int id, const char *value, size_t len, struct err *e);

/* After the last secret, before the first text. 0 or -ENOMEM. */
int known_compile(struct known *k);

/* Letters and digits (or bytes) that must be kept for what follows. No run looked for is longer. */
#define KNOWN_CARRY 24

/* Where a text's reading stands; plain memory, starts with {0}. Holds text: wipe it. */
struct known_state {
	unsigned char codes[KNOWN_CARRY]; /* the last letters and digits, the oldest first */
	unsigned char bytes[KNOWN_CARRY]; /* the last bytes, the oldest first */
	uint32_t back[KNOWN_CARRY];	  /* bytes from each code to `at`, no more than 4 GiB */
	uint64_t seen;			  /* letters and digits so far */
	uint64_t at;			  /* bytes of the text so far */
};

/* The secret's number, and the place of the run in the text: [start, end). Negative ends. */
typedef int known_hit_fn(void *arg, unsigned int id, uint64_t start, uint64_t end);

/*
 * Reads on. Each run that is complete now and was not before is told, so a long piece of a secret
 * is told many times. 0, or what hit returned. Costs nothing when there are no secrets.
 */
int known_search(const struct known *k, struct known_state *state, const unsigned char *text,
	size_t len, known_hit_fn *hit, void *arg);

#endif
