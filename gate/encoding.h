#ifndef GATE_ENCODING_H
#define GATE_ENCODING_H

#include <stdbool.h>
#include <stddef.h>

/*
 * The "encoding" header of a commit (git-commit-tree(1), "Discussion"): what shows the message to
 * people turns it from that into theirs. Letters of an encoding that has ASCII's in their places
 * are read as they stand; another one (UTF-7, EBCDIC) would hide them. Start with {0}.
 */
struct encoding {
	char line[64]; /* the header's line that is being read, as far as it fits */
	size_t len;
	bool over; /* the headers are */
	bool odd;  /* the last one that was named has not ASCII's letters in their places */
	char name[48];
};

/* Bytes of a commit, in any pieces, from its beginning. */
void encoding_feed(struct encoding *c, const char *bytes, size_t len);

/* Whether a name as iconv(1) knows it is of an encoding that has ASCII within it. */
bool encoding_is_readable(const char *name);

#endif
