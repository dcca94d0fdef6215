#ifndef SHIM_PROTOBUF_H
#define SHIM_PROTOBUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

/*
 * The wire format of protocol buffers (protobuf.dev, "Encoding"), as far as criu's RPC needs it:
 * varints, and strings and messages with their length in front.
 */

/* Append one field. Out of memory shows in out->failed. */
void protobuf_add_int(struct str *out, unsigned int field, int64_t value);
void protobuf_add_bool(struct str *out, unsigned int field, bool value);
/* NULL: nothing is added. */
void protobuf_add_text(struct str *out, unsigned int field, const char *text);
void protobuf_add_message(struct str *out, unsigned int field, const struct str *message);

/* What is left to read; borrowed. */
struct protobuf {
	const unsigned char *at, *end;
};

struct protobuf_field {
	unsigned int number;
	uint64_t value;	  /* of a varint or a fixed number */
	const char *data; /* of a string or message, not NUL-terminated; NULL: a number */
	size_t len;
};

/* 1 and the next field, 0 at the end, -EBADMSG for what is no message. */
int protobuf_next(struct protobuf *p, struct protobuf_field *ret);

/* The message inside a field. */
struct protobuf protobuf_inside(const struct protobuf_field *f);

#endif
