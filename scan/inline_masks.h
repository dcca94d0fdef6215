#ifndef SCAN_INLINE_MASKS_H
#define SCAN_INLINE_MASKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "scan/inline_bits.h"

/*
 * Bytes by class, as bits: 64 bytes a word, the first one the lowest bit. By AVX2 where the
 * processor has it; elsewhere, or after inline_masks_portable(true), by what every machine can,
 * with the same result.
 */
enum inline_class {
	CLASS_BASE64,  /* both alphabets */
	CLASS_RUN,     /* … and CR, LF */
	CLASS_HEX,     /* either case */
	CLASS_VISIBLE, /* '!' to '~' */
	CLASS_PERCENT, /* % and =, which two hexadecimal digits follow in a coding */
	CLASS_AMP,     /* & and \ */
	CLASS_UPPER,   /* A to Z, 2 to 7: base32 */
	CLASS_LOWER,   /* a to z, 2 to 7 */
	CLASS_NUMBERS, /* digits, comma, space */
	CLASS_BASE58,
	CLASS_ADOBE, /* with which five characters begin that say text: base85 of Adobe, … */
	CLASS_Z85,   /* … ZeroMQ's … */
	CLASS_GIT,   /* … and RFC 1924's, which git has */
	CLASS_HIGH,  /* not ASCII, or NUL */
	CLASS_PLUS,  /* + */
	CLASSES,
};

/* 64 bytes of p for each word; class c's words go to masks + c * stride. */
void inline_classify(const unsigned char *p, size_t words, uint64_t *masks, size_t stride);

/* Bytes of what was decoded. */
enum inline_text {
	TEXT_ASCII, /* printable, tab, line ends */
	TEXT_NUL,
	TEXT_CONT, /* of UTF-8: 80 to BF */
	TEXT_LEAD, /* C2 to F4 */
	TEXTS,
};

void inline_classify_text(const unsigned char *p, size_t words, uint64_t *masks, size_t stride);

void inline_masks_portable(bool yes); /* for tests */
bool inline_masks_fast(void);	      /* AVX2 */

#endif
