#ifndef SCAN_VALUES_READER_H
#define SCAN_VALUES_READER_H

#include <stdbool.h>

#include "scan/values.h"

/* The state of a reader: what values.c, values_json.c and values_form.c share. */
#define VALUES_DEPTH_MAX 256 /* deeper down, everything counts as a list */

struct values_reader {
	enum values_kind kind;
	enum {
		VALUES_OUTSIDE, /* of JSON: between values; of a form: in a name */
		VALUES_INSIDE,	/* of JSON: in a string; of a form: in a value */
		VALUES_NUMBER,
		VALUES_ESCAPE,	/* behind a backslash; behind a percent sign */
		VALUES_UNICODE, /* in the digits of \uXXXX */
	} state;
	bool in_name, is_written;
	bool wants_name; /* of JSON: the next string is a key */
	unsigned int depth;
	uint64_t objects[VALUES_DEPTH_MAX / 64]; /* bits: this level is an object */
	unsigned int code, digits; /* of an escape, so far (of a form: the first digit) */
	bool escape_in_value;	   /* of a form: where the escape stands */
	char name[VALUES_NAME_MAX];
	size_t name_len;
};

/* A piece of the value or name that was begun; nothing is told of an empty one. */
int values_write(
	struct values_reader *r, const unsigned char *p, size_t len, const struct values_out *out);
void values_begin(struct values_reader *r, bool is_name);
int values_end(struct values_reader *r, const struct values_out *out);

int values_feed_json(
	struct values_reader *r, const unsigned char *p, size_t len, const struct values_out *out);
int values_feed_form(
	struct values_reader *r, const unsigned char *p, size_t len, const struct values_out *out);
int values_finish_form(struct values_reader *r, const struct values_out *out);

#endif
