#ifndef SCAN_INLINE_LETTERS_H
#define SCAN_INLINE_LETTERS_H

#include <stdbool.h>
#include <stdint.h>

/* Single characters by class, where no masks are at hand: sets of ASCII as bits, since such a
 * question is asked for each of millions. */
static inline bool letters_have(unsigned char c, uint64_t low, uint64_t high)
{
	return c < 0x80 && ((c < 64 ? low : high) >> (c & 63) & 1);
}

#define LETTERS_DIGITS 0x03FF000000000000ULL /* 0 to 9 */
#define LETTERS_ALPHA  0x07FFFFFE07FFFFFEULL /* A to Z, a to z; above 63 */
#define LETTERS_BIT(c) (1ULL << ((c)&63))

static inline bool letter_is_alnum(unsigned char c)
{
	return letters_have(c, LETTERS_DIGITS, LETTERS_ALPHA);
}

static inline bool letter_is_hex(unsigned char c)
{
	return letters_have(c, LETTERS_DIGITS, 0x0000007E0000007EULL);
}

/* Of either alphabet of base64. */
static inline bool letter_is_base64(unsigned char c)
{
	return letters_have(c,
		LETTERS_DIGITS | LETTERS_BIT('+') | LETTERS_BIT('/') | LETTERS_BIT('-'),
		LETTERS_ALPHA | LETTERS_BIT('_'));
}

/* That tokens are made of, and what may join their parts. */
static inline bool letter_is_token(unsigned char c)
{
	return letters_have(c,
		LETTERS_DIGITS | LETTERS_BIT('+') | LETTERS_BIT('/') | LETTERS_BIT('=') |
			LETTERS_BIT('.') | LETTERS_BIT(':') | LETTERS_BIT('$') | LETTERS_BIT('!') |
			LETTERS_BIT('-'),
		LETTERS_ALPHA | LETTERS_BIT('_') | LETTERS_BIT('~') | LETTERS_BIT('@'));
}

#endif
