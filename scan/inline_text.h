#ifndef SCAN_INLINE_TEXT_H
#define SCAN_INLINE_TEXT_H

#include "scan/inline.h"

/*
 * What of decoded bytes is written: stretches that can be text, and containers from their magic
 * number on. Random bytes are neither, so hashes and images cost little.
 */
#define TEXT_LEAST 8 /* characters that make a stretch */

/* One way in which a run may be cut into groups: chars say bytes. */
struct text_lane {
	enum inline_coding coding;
	unsigned short chars, bytes;
	unsigned short phase; /* the first group begins at this character of the run */
	bool open;	      /* a stretch goes on at `done` */
	size_t stretch;	      /* … of which so many bytes were written at once */
	bool binary;	      /* … and so does a container */
	size_t done;	      /* the character up to which was written, in the run's buffer */
	uint64_t last_to;
};

#define TEXT_MAX 1280

/* Decoded bytes of a lane. */
struct text_bytes {
	const unsigned char *p; /* 64 more than n may be read */
	size_t n;
	size_t first;	    /* the character that begins the first one */
	const uint64_t *at; /* of each character of the buffer: its place in the text */
	bool start;	    /* the run begins here */
	bool final;	    /* … and does not go on */
	unsigned int least; /* TEXT_LEAST or more */
};

/* Writes what is to be written; at most TEXT_MAX bytes. 0, or what out returned. */
int text_take(struct text_lane *l, const struct text_bytes *b, const struct inline_out *out);

#endif
