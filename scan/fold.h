#ifndef SCAN_FOLD_H
#define SCAN_FOLD_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Disguised characters: what each is compatible with (Unicode's NFKC) or looks like, in ASCII;
 * marks and invisible characters say nothing. Letters of other scripts that look like no Latin one
 * stay as they are.
 */
enum fold_kind {
	FOLD_ASCII,  /* itself */
	FOLD_SAME,   /* not ASCII, and itself; also a byte that is not UTF-8 */
	FOLD_COMPAT, /* a compatible character: full-width, in a circle, mathematical, a ligature */
	FOLD_ACCENT, /* a letter with marks, without them */
	FOLD_ALIEN,  /* a letter of another script that looks like this */
	FOLD_SPACE,  /* a space of another width: " " */
	FOLD_MARK,   /* combining: nothing */
	FOLD_DROP,   /* invisible: nothing */
	FOLD_HIDDEN, /* invisible, and may stand for the byte `hidden`: tags, variation selectors */
};

/* At most this many bytes stand for one character. */
#define FOLD_MAX 8

struct folded {
	enum fold_kind kind;
	unsigned char hidden;
	unsigned char len;
	const unsigned char *text; /* len bytes, of the text itself or of a table */
};

/*
 * The character at p, which is before end. How many bytes it has, at least 1; 0: it is not
 * complete, which cannot be when FOLD_BYTES are there; at the end of a text its bytes are each
 * FOLD_SAME.
 */
#define FOLD_BYTES 4
size_t fold_next(const unsigned char *p, const unsigned char *end, struct folded *ret);

#endif
