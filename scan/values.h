#ifndef SCAN_VALUES_H
#define SCAN_VALUES_H

#include <stddef.h>
#include <stdint.h>

/*
 * The values of a structured text, in their order, without their names: so that what is split over
 * them reads as one. A stream in pieces of any size; no value is held. Broken text is read on.
 */
enum values_kind {
	VALUES_NONE,
	VALUES_JSON, /* strings and numbers, also of a sequence of texts (NDJSON) and SSE's data */
	VALUES_FORM, /* application/x-www-form-urlencoded, query, cookies: NAME=VALUE by & or ; */
};

/* By Content-Type, or by the first bytes where there is none (NULL or ""). */
enum values_kind values_kind_of(const char *content_type, const unsigned char *p, size_t len);

/* Names are values, too, which may hold a part: they are written under this one. */
#define VALUES_NAMES "="

#define VALUES_NAME_MAX 64 /* with the NUL; the rest of a longer one does not count */

struct values_out {
	/*
	 * A piece of a value, escapes undone; name: its key without digits; of a list, and of what
	 * follows an object in it, the last key before it; "" if there was none.
	 */
	int (*write)(void *arg, const char *name, const unsigned char *p, size_t len);
	int (*end)(void *arg); /* of a value, or of a name */
	void *arg;
};

struct values_reader;
struct values_reader *values_open(enum values_kind kind); /* NULL when memory ran out */
void values_close(struct values_reader *r);

/* 0, or what out returned. */
int values_feed(
	struct values_reader *r, const unsigned char *p, size_t len, const struct values_out *out);
int values_finish(struct values_reader *r, const struct values_out *out);

#endif
