#ifndef SCAN_INBOUND_TABLE_H
#define SCAN_INBOUND_TABLE_H

#include <stddef.h>

enum inbound_family { INBOUND_DISCLOSURE, INBOUND_JAILBREAK, INBOUND_FAMILIES };

#define INBOUND_STEPS_MAX 4
#define INBOUND_ANY	  64

/*
 * A phrase: words one after another, with at most `gap` others between two of them, which have to
 * be fillers; with INBOUND_ANY + gap, any. A step is the words that will do, with '|' between; a
 * '*' at a word's end stands for any ending.
 */
struct inbound_phrase {
	enum inbound_family family;
	const char *name; /* for messages */
	unsigned int gap;
	const char *steps[INBOUND_STEPS_MAX];
};

extern const struct inbound_phrase inbound_table[];
extern const size_t inbound_table_len;

/* Words that say nothing by themselves, with '|' between. */
extern const char inbound_fillers[];

#endif
