#ifndef EGRESS_OUTBOUND_PARTS_H
#define EGRESS_OUTBOUND_PARTS_H

#include "egress/outbound.h"

/* Between the files that read what leaves: outbound.c (the message, its head), outbound_body.c. */

/* A result of the scanner's, of the text at `place`: what it could not decide counts as unreadable.
 * 0, or negative: o->why tells. */
int outbound_failed(struct outbound *o, int r, const char *place);

/* The body. The same. */
int outbound_begin_body(struct outbound *o);
int outbound_feed_body(struct outbound *o, const void *data, size_t len, bool end);
int outbound_flush_body(struct outbound *o);

#endif
