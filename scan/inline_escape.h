#ifndef SCAN_INLINE_ESCAPE_H
#define SCAN_INLINE_ESCAPE_H

#include "scan/inline_span.h"
#include "scan/inline_window.h"

/*
 * Escapes. One that says what a token may be made of begins a span, from INLINE_BEFORE bytes before
 * it to INLINE_BEHIND bytes behind the last such one; the others are undone in it, too.
 */
struct escape_reader {
	uint64_t next; /* looked at up to this place */
	uint64_t last; /* of quoted-printable: behind the last escape that did not suffice alone */
	struct inline_span span;
};

/* coding: INLINE_ESCAPE or INLINE_QUOTED. */
void escape_reset(struct escape_reader *r, enum inline_coding coding);
int escape_scan(struct escape_reader *r, const struct inline_window *w);

#endif
