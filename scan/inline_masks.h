#ifndef SCAN_INLINE_MASKS_H
#define SCAN_INLINE_MASKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

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

/*
 * Where in 64 characters of base64 two groups of four begin, one behind the other, that may say six
 * bytes of ASCII (or NUL): never too few places.
 */
uint64_t inline_base64_pairs(const unsigned char p[64]);

void inline_masks_portable(bool yes); /* for tests */

/* ---- bits in words; positions are counted from the first word's lowest bit */

/* The next place in [from, end) where `run` (8, 16 or 24) ones in a row begin; end: none. The word
 * behind the last one is read and must be there. */
size_t bits_run(const uint64_t *mask, size_t from, size_t end, unsigned int run);
/* The next zero (one) in [from, end), or end. */
size_t bits_zero(const uint64_t *mask, size_t from, size_t end);
size_t bits_one(const uint64_t *mask, size_t from, size_t end);
/* Ones in [from, end). */
size_t bits_count(const uint64_t *mask, size_t from, size_t end);

/* Where eight ones in a row begin in this word. */
static inline uint64_t bits_eight(uint64_t x)
{
	x &= x >> 1;
	x &= x >> 2;
	return x & x >> 4;
}

static inline bool bits_at(const uint64_t *mask, size_t at)
{
	return mask[at / 64] >> at % 64 & 1;
}

#endif
