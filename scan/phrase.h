#ifndef SCAN_PHRASE_H
#define SCAN_PHRASE_H

#include <stdbool.h>
#include <stdint.h>

#include "scan/inbound_table.h"

/* Phrases of scan/inbound_table.h in a row of characters. */

#define PHRASES_MAX 40

/* Bit: phrase * INBOUND_STEPS_MAX + step. */
#define PHRASE_SETS (PHRASES_MAX * INBOUND_STEPS_MAX / 64 + 1)
struct phrase_steps {
	uint64_t set[PHRASE_SETS];
	bool is_filler;
};

/* The words of all phrases as a tree of letters; made once, read only. NULL: out of memory. */
struct phrase_words;
struct phrase_words *phrase_words_new(void);
void phrase_words_free(struct phrase_words *w);

/* A phrase that was met. */
struct phrase_hit {
	const char *name;    /* NULL: none */
	uint64_t start, end; /* in characters, white space counted once */
	uint64_t from, to;   /* in the text's bytes */
};

/* Where the reading of one row stands; plain memory, starts with {0}. */
struct phrase_walk {
	bool in_word, was_space;
	unsigned int node;	 /* of the tree; 0: in a word that no phrase has */
	struct phrase_steps met; /* by the beginning of the word */
	bool is_met;		 /* … by anything of it */
	uint64_t words, chars;
	uint64_t telling;		/* number of the last word that is no filler, plus 1 */
	uint64_t word_start, word_from; /* of the word being read, in characters and bytes */
	struct phrase_at {
		uint64_t word; /* number of the word that met the step before, plus 1; 0: none */
		uint64_t start, from;
	} at[PHRASES_MAX][INBOUND_STEPS_MAX];
};

/*
 * Reads characters, in either case; what is no letter or digit separates words. place: of p[0] in
 * the text. Returns after the first one that completes phrases (at most one a family is told in
 * ret), or after all: how many were read.
 */
size_t phrase_read(const struct phrase_words *w, struct phrase_walk *walk, const unsigned char *p,
	size_t len, uint64_t place, struct phrase_hit ret[INBOUND_FAMILIES]);

#endif
