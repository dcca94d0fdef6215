#ifndef SCAN_CONTAINER_PART_H
#define SCAN_CONTAINER_PART_H

#include <stdbool.h>
#include <stddef.h>

#include "scan/container_reader.h"

/* One part of a multipart text: what its header says, and its transfer encoding undone. */
enum part_encoding { PART_AS_IS, PART_BASE64, PART_QUOTED };

struct part {
	char name[CONTAINER_NAME_MAX]; /* of the form's field; else the file's */
	size_t name_len;
	char type[256]; /* Content-Type; "": none */
	enum part_encoding encoding;
	/* Of the encoding: bits (base64) or characters (quoted-printable) that wait for more. */
	uint32_t bits;
	unsigned int n_bits;
	unsigned char held[80]; /* a line of quoted-printable is no longer */
	size_t n_held;
};

/* A new part of which nothing is known. */
void part_reset(struct part *p);

/* One field of its header, unfolded, without the end of line (RFC 2045, RFC 2183, RFC 7578). */
void part_header(struct part *p, const char *line, size_t len);

/*
 * More of its body, decoded into the open member by way of buf; part_end: there is no more. 0 or
 * what container_write returned.
 */
int part_write(struct part *p, struct container_reader *r, struct container_buffer *buf,
	const unsigned char *text, size_t len);
int part_end(struct part *p, struct container_reader *r, struct container_buffer *buf);

/*
 * The value of a parameter of a header field ("boundary" of a Content-Type), unquoted, into ret.
 * Its length, cut at max; -1: there is none. The first one counts.
 */
long part_parameter(const char *field, size_t len, const char *name, char *ret, size_t max);

#endif
