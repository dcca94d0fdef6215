#ifndef BASE_CHAIN_H
#define BASE_CHAIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/*
 * A log whose lines hold on to one another. A line is a JSON object whose first member is its
 * number and whose last one is its link:
 *
 *	{"seq":12,…,"chain":"64 hexadecimal digits"}
 *
 * The link is SHA-256 over the link of the line before (its 64 digits) and this line without the
 * member "chain": {"seq":12,…}. Who begins to write, begins a segment: its first line has a "seed",
 * which stands in the place of the link before, and as "after" the link at which the segment before
 * ended ("": none did). So a line that was changed, taken out, put in or moved is found, and so is
 * a missing end by whoever has written down the last link.
 */
#define CHAIN_DIGITS   64
#define CHAIN_SIZE     (CHAIN_DIGITS + 1)
#define CHAIN_LINE_MAX (64U << 10) /* bytes of a line, without its end */

/* "{"seq":NUMBER" of each line; a line's members follow. */
#define CHAIN_HEAD "{\"seq\":"

/* One line as it stands. */
struct chain_line {
	uint64_t seq;
	size_t len; /* of the line without ',"chain":"…"}' */
	char link[CHAIN_SIZE];
};

/* Whether it has the form above; line[0..len) is without its end of line. */
bool chain_split(const char *line, size_t len, struct chain_line *ret);

/*
 * The link of a line: text[0..len) is its beginning up to where ',"chain"' follows. 0 or -ENOMEM.
 */
int chain_link(const char before[CHAIN_SIZE], const char *text, size_t len, char ret[CHAIN_SIZE]);

/* Where a log ends. */
struct chain_end {
	uint64_t seq;	       /* of the last line of the form above; 0: there is none */
	char link[CHAIN_SIZE]; /* … and its link; "" */
	uint64_t bytes;	       /* of the file */
	uint64_t torn;	       /* of what stands behind the last end of line: a line's beginning */
};

/*
 * Reads the end of a log, which may hold anything: whoever wrote it may have been taken over.
 * Bounded. fd is opened for reading. 0 or -errno; `name` is for the error.
 */
int chain_end_read(int fd, const char *name, struct chain_end *ret, struct err *e);

#endif
