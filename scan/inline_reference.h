#ifndef SCAN_INLINE_REFERENCE_H
#define SCAN_INLINE_REFERENCE_H

#include <stddef.h>

/*
 * One escape at p, before end: how many bytes it has; 0: there is none; -1: the end comes too early
 * to say, which cannot be when REFERENCE_MAX bytes are there. What it says, in UTF-8, goes to `to`,
 * its length to *len.
 */
#define REFERENCE_MAX  24
#define REFERENCE_SAYS 4

/* %41, %u0041; &plus; &#43; &#x2b; also without the semicolon; \u002b, \U0000002b, \u{2b}, \x2b,
 * \053, \/ and the letters of C and JSON; and nothing, by a quoted string that goes on in another
 * one: " + ". */
int reference_read(
	const unsigned char *p, const unsigned char *end, unsigned char *to, size_t *len);

/* Quoted-printable, RFC 2045 6.7: =2B, and an = that ends a line. */
int reference_read_quoted(
	const unsigned char *p, const unsigned char *end, unsigned char *to, size_t *len);

#endif
