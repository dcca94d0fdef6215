#ifndef BUNDLE_OCI_WORDS_H
#define BUNDLE_OCI_WORDS_H

#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "base/err.h"
#include "base/json.h"

/*
 * Members whose values are words of a fixed list ("SCHED_FIFO"). A list is the only place where
 * its words stand: the reader takes them from it, and `features` tells them from it.
 */
struct oci_word {
	const char *name;
	uint64_t value;
};

struct oci_words {
	const char *what; /* for errors: "scheduling policy" */
	const struct oci_word *list;
	size_t n;
};

/* The member `key`, which must be there, as its value. */
int oci_words_need(const struct json_at *at, const char *key, const struct oci_words *words,
	uint64_t *ret, struct err *e);

/* The list `key`, if it is there, as the sum of its values. */
int oci_words_flags(const struct json_at *at, const char *key, const struct oci_words *words,
	uint64_t *ret, struct err *e);

/* The name of a value, or "?". */
const char *oci_words_name(const struct oci_words *words, uint64_t value);

/* All names, in the list's order. New reference or NULL. */
json_t *oci_words_json(const struct oci_words *words);

#endif
