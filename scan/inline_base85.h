#ifndef SCAN_INLINE_BASE85_H
#define SCAN_INLINE_BASE85_H

#include "scan/inline_text.h"
#include "scan/inline_window.h"

/*
 * base85: Adobe's (Ascii85), ZeroMQ's (RFC 32/Z85) and RFC 1924's, in which git and Python write.
 * Groups of five characters say four bytes. Looked for in runs without white space that have
 * capitals, small letters and signs, at all five phases; a run goes on over line ends.
 */
enum base85_alphabet { BASE85_ADOBE, BASE85_Z85, BASE85_GIT, BASE85_ALPHABETS };

#define BASE85_LEAST 20
#define BASE85_PART  160 /* groups that are taken at once */

struct base85_reader {
	uint64_t next;
	bool open; /* groups of this alphabet go on there */
	enum base85_alphabet alphabet;
	struct text_lane lane;
	unsigned char chars[BASE85_PART * 5];
	uint64_t at[BASE85_PART * 5];
	size_t n;
};

void base85_reset(struct base85_reader *r);
int base85_scan(struct base85_reader *r, const struct inline_window *w);

#endif
