#ifndef SCAN_OLD_LITERALS_H
#define SCAN_OLD_LITERALS_H

#include <stddef.h>
#include <stdint.h>

/*
 * Many words looked for at once, in either case: Aho and Corasick's automaton, complete, so that a
 * byte of text is one look-up. Bytes that no word has share one column.
 */
struct literals;

struct literals *literals_new(void); /* NULL when memory ran out; literals_free */
void literals_free(struct literals *l);

/* Adds a word (1 to 255 bytes); words are numbered from 0. The number, or -errno. */
int literals_add(struct literals *l, const char *word, size_t len);

/* After the last word, before the first search. 0 or -ENOMEM. */
int literals_compile(struct literals *l);

/* Called with the word's number and its first byte's place. Negative ends the search. */
typedef int literals_hit_fn(void *arg, unsigned int word, size_t start);

/* 0, or what hit returned. */
int literals_search(const struct literals *l, const unsigned char *text, size_t len,
	literals_hit_fn *hit, void *arg);

#endif
