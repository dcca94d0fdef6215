#ifndef SCAN_VALUES_H
#define SCAN_VALUES_H

#include <stddef.h>
#include <stdint.h>

/*
 * The values of a structured text, in their order, without their names: so that what is split over
 * them reads as one. A stream in pieces of any size; no value is held.
 */
enum values_kind {
	VALUES_NONE,
	VALUES_JSON, /* strings and numbers, also of a sequence of texts (NDJSON) and SSE's data */
	VALUES_FORM, /* application/x-www-form-urlencoded, query, cookies: NAME=VALUE by & or ; */
};

/* By Content-Type, or by the first bytes where there is none. */
enum values_kind values_kind_of(const char *content_type, const unsigned char *p, size_t len);

struct values_out {
	/* A piece of a value, escapes undone; name: its key without digits, "" in a list. */
	int (*write)(void *arg, const char *name, const unsigned char *p, size_t len);
	int (*end)(void *arg); /* of a value */
	void *arg;
};

struct values_reader;
struct values_reader *values_open(enum values_kind kind); /* NULL when memory ran out */
void values_close(struct values_reader *r);
int values_feed(
	struct values_reader *r, const unsigned char *p, size_t len, const struct values_out *out);
int values_finish(struct values_reader *r, const struct values_out *out);

#endif
