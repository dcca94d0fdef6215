#ifndef SCAN_INLINE_H
#define SCAN_INLINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Codings that stand within a text: runs of base64 and its kin, escapes, disguised characters. One
 * reader finds and undoes them all in one pass over a stream, and writes what they say; a text
 * without any costs little more than looking at it.
 *
 * What is written: of runs, stretches that can be text (or UTF-16), and from a container's magic
 * number on everything (INLINE_BINARY). Of escapes and of disguised characters, the text with them
 * undone, from some bytes before the first one (INLINE_BEFORE) to some behind the last of a group.
 */
enum inline_coding {
	INLINE_BASE64, /* std, url-safe, unpadded, wrapped; at all four phases */
	INLINE_BASE32, /* RFC 4648, either case; Crockford's not */
	INLINE_BASE58, /* Bitcoin's; tokens of bounded length */
	INLINE_BASE85, /* Adobe's, Z85, RFC 1924 */
	INLINE_HEX,    /* either case, also \x61, 0x61, 61:62, 61 62 */
	INLINE_ESCAPE, /* percent, HTML entities, \uXXXX, \xXX, \NNN, letters as in C */
	INLINE_QUOTED, /* quoted-printable: apart, since = is a common character */
	INLINE_FOLD,   /* NFKC, homoglyphs, and invisible characters left out */
	INLINE_HIDDEN, /* what invisible characters say: tags, variation selectors */
	INLINE_ROT13,
	INLINE_CODINGS,
};

#define INLINE_BEFORE 128 /* bytes of context in front of an escape */
#define INLINE_BEHIND 512

const char *inline_name(enum inline_coding c); /* "base64", for verdicts */

/* Which bytes of the text, counted from its beginning, say the next len bytes of what is written.
 */
struct inline_piece {
	uint64_t from, to;
	size_t len;
	bool even; /* each as much as the next one: a part of the piece has a part of its place */
};

struct inline_out {
	/*
	 * More of coding c: len bytes, in n_pieces at least 1. A gap between one write's last `to`
	 * and the next one's first `from` means: another span. The codings' writes interleave.
	 */
	int (*write)(void *arg, enum inline_coding c, const struct inline_piece *pieces,
		size_t n_pieces, const unsigned char *p, size_t len);
	/* The same for a container that stands in a run, from its magic number on. */
	int (*binary)(void *arg, enum inline_coding c, uint64_t from, uint64_t to,
		const unsigned char *p, size_t len);
	void *arg;
};

struct inline_reader;

/* codings: bits (1 << enum inline_coding) to look for. NULL when memory ran out. */
struct inline_reader *inline_open(unsigned int codings);
void inline_close(struct inline_reader *r); /* wipes */
void inline_reset(struct inline_reader *r);

/* 0, or what out returned. What is written does not depend on the cuts but in its pieces. */
int inline_feed(
	struct inline_reader *r, const unsigned char *p, size_t len, const struct inline_out *out);
/* A message ends, the text goes on: runs are written as far as they came. */
int inline_flush(struct inline_reader *r, const struct inline_out *out);
int inline_finish(struct inline_reader *r, const struct inline_out *out);

#endif
