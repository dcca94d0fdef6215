#ifndef EGRESS_HELLO_H
#define EGRESS_HELLO_H

#include <stdbool.h>
#include <stddef.h>

#include "egress/host.h"

/*
 * The first flight of a TLS client, read before any TLS library sees it: whom does it want to talk
 * to? Bounded and without allocation (RFC 8446 section 4.1.2, RFC 6066 section 3).
 */
#define HELLO_MAX                                                                                  \
	(32U << 10) /* bytes of records; a real hello with post-quantum keys has 2 KiB             \
		     */

struct hello {
	char host[HOST_MAX]; /* normalised SNI; "" when there is none */
	bool ech;	     /* an encrypted hello was offered beside it */
};

/*
 * Reads a ClientHello from `len` bytes that begin with a record; it may span records. 1: *ret is
 * filled; 0: more bytes are needed; -EINVAL: no ClientHello, or one that nobody can be sure of;
 * *ret_why is a constant text.
 */
int hello_parse(const unsigned char *p, size_t len, struct hello *ret, const char **ret_why);

#endif
