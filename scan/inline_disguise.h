#ifndef SCAN_INLINE_DISGUISE_H
#define SCAN_INLINE_DISGUISE_H

#include "scan/inline_span.h"
#include "scan/inline_window.h"

/*
 * Disguised characters (scan/fold.h). A word that may be a token and is not plainly of a language
 * begins a span, from INLINE_BEFORE bytes before it to INLINE_BEHIND behind the last such word:
 * one in which letters of two scripts, or invisible characters, stand together, or many accents.
 * What invisible characters say among themselves is a span of its own.
 */
struct disguise_reader {
	uint64_t next; /* looked at up to this place */
	struct disguise_word {
		uint64_t start;
		unsigned int letters, ascii; /* that a token may be made of; letters and digits */
		unsigned int accents, aliens, others; /* disguised ones, by kind; invisible ones */
		unsigned int nuls;		      /* letters behind a NUL */
		bool nul;
		unsigned int gap, marks; /* invisible ones, marks since the last letter */
	} word;
	unsigned int hidden_run;
	struct inline_span span, hidden;
};

void disguise_reset(struct disguise_reader *r);
int disguise_scan(struct disguise_reader *r, const struct inline_window *w);

#endif
