#ifndef SCAN_TOML_H
#define SCAN_TOML_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/*
 * A reader of TOML 1.0.0 (toml.io/en/v1.0.0): all of the language, values with their lines. Bounds:
 * 4 MiB of text, values nested 32 deep, keys of 32 parts, 512 keys a table. Dates and times are
 * checked and kept as they are written.
 */
#define TOML_TEXT_MAX  (4U << 20)
#define TOML_DEPTH_MAX 32
#define TOML_KEYS_MAX  512

enum toml_type {
	TOML_STRING,
	TOML_INTEGER,
	TOML_FLOAT,
	TOML_BOOLEAN,
	TOML_DATE, /* offset or local date-time, local date, local time */
	TOML_ARRAY,
	TOML_TABLE,
};

struct toml {
	enum toml_type type;
	unsigned int line; /* where it was written, from 1 */
	const char *key;   /* NUL-terminated; NULL in an array */
	size_t key_len;
	struct toml *next; /* in its table or array */
	/* TOML_STRING (may hold NULs) and TOML_DATE; there is a NUL behind len. */
	const char *s;
	size_t len;
	/* The others. */
	union {
		int64_t integer; /* 0 or 1 of a boolean */
		double real;
		struct toml *first; /* of a table or array, in their order; NULL: empty */
	};
	/* The reader's own, of tables and arrays. */
	struct toml *last;
	size_t n;
	unsigned char origin;
};

struct toml_doc;

/*
 * All values belong to *ret. -EINVAL: "NAME:LINE: …"; -E2BIG: beyond the bounds.
 */
int toml_parse(
	const char *text, size_t len, const char *name, struct toml_doc **ret, struct err *e);
void toml_free(struct toml_doc *d); /* NULL is fine */

const struct toml *toml_root(const struct toml_doc *d);

/* "a string", "an array of tables" …, for messages. */
const char *toml_type_name(const struct toml *v);

static inline void toml_cleanup(struct toml_doc **d)
{
	toml_free(*d);
}
#define cleanup_toml __attribute__((cleanup(toml_cleanup)))

#endif
