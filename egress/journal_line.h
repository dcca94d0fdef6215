#ifndef EGRESS_JOURNAL_LINE_H
#define EGRESS_JOURNAL_LINE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/http1.h"
#include "base/str.h"
#include "egress/rules.h"

/*
 * One line of egress.log, while it is made: a JSON object of plain ASCII (RFC 8259), in which no
 * byte commands a terminal. Bounded: a long value is cut, and what does not fit any more is left
 * out, which `bottle.cut` says. Members are in the order in which they were added.
 */
#define JOURNAL_LINE_MAX  (16U << 10)
#define JOURNAL_VALUE_MAX 2048 /* bytes of a value as it came */

struct journal_line {
	struct str text;
	const struct rules *rules; /* whose credentials are starred out; NULL: none are known */
	/* Stars out what else is a secret in a value (NUL-terminated, rewritten in place); -errno:
	 * it cannot be told, and the value is left out. NULL: nothing else is looked for. */
	int (*mask)(void *arg, const char *name, char *value);
	void *arg;
	bool cut;
};

void journal_line_done(struct journal_line *l);
#define cleanup_journal_line __attribute__((cleanup(journal_line_done)))

/* value NULL: no member. */
void journal_line_add(struct journal_line *l, const char *name, const char *value);
void journal_line_number(struct journal_line *l, const char *name, int64_t value);

/* A constant, or what is known to hold no secret: only escaped. */
void journal_line_word(struct journal_line *l, const char *name, const char *value);

/*
 * The fields of a head as OpenTelemetry names them: PREFIX.name-in-lower-case: ["value", …]. Of
 * those that carry credentials the value is left out.
 */
void journal_line_fields(struct journal_line *l, const char *prefix, const struct http1_head *head);

/* Milliseconds between two times in microseconds; one of them 0: no member. */
void journal_line_span(struct journal_line *l, const char *name, int64_t from_us, int64_t to_us);

#endif
