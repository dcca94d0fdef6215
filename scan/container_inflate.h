#ifndef SCAN_CONTAINER_INFLATE_H
#define SCAN_CONTAINER_INFLATE_H

#include <stddef.h>
#include <stdint.h>
#include <zlib.h>

#include "scan/container_reader.h"

/*
 * One deflate stream (RFC 1951) within a container, written to the open member. Start with {0};
 * may be started anew after its end.
 */
enum inflate_form {
	INFLATE_BARE, /* the checksum is the container's affair */
	INFLATE_ZLIB, /* RFC 1950: header and Adler-32 are checked */
};

struct inflate {
	z_stream z;
	bool open;
	enum inflate_form form;
	struct container_buffer buf;
	uint64_t out; /* bytes that came out since the start … */
	uint32_t crc; /* … and their CRC-32, where it was asked for */
	bool wants_crc;
};

int inflate_start(struct inflate *f, enum inflate_form form, bool wants_crc);

/*
 * Takes what it needs from *p. 1: the stream has ended; 0: it goes on; -EBADMSG: broken, what came
 * before has been written and container_why is set; -ENOMEM, or what out returned.
 */
int inflate_feed(
	struct inflate *f, struct container_reader *r, const unsigned char **p, size_t *len);
void inflate_done(struct inflate *f); /* wipes */

#endif
