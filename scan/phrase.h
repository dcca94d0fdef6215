#ifndef SCAN_PHRASE_H
#define SCAN_PHRASE_H

#include <stdbool.h>
#include <stdint.h>

#include "scan/inbound_table.h"

/* Phrases of scan/inbound_table.h in a row of characters. */

#define PHRASES_MAX 48

/* Bit: phrase * INBOUND_STEPS_MAX + step. */
struct phrase_steps {
	uint64_t set[PHRASES_MAX * INBOUND_STEPS_MAX / 64];
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
	struct phrase_steps met; /* by the word so far */
	uint64_t words, chars;
	uint64_t word_start, word_from; /* of the word being read, in characters and bytes */
	struct phrase_at {
		uint64_t word; /* the step before was met by this word, plus 1; 0: it was not */
		uint64_t start, from;
	} at[PHRASES_MAX][INBOUND_STEPS_MAX];
};

/*
 * One more character, of lower case; what is no letter or digit separates.
 * place: its byte in the text. Hits (at most one a family) that it completes are written to ret;
 * whether there are any.
 */
bool phrase_next(const struct phrase_words *w, struct phrase_walk *walk, unsigned char c,
	uint64_t place, struct phrase_hit ret[INBOUND_FAMILIES]);

#endif
