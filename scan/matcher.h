#ifndef SCAN_MATCHER_H
#define SCAN_MATCHER_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "scan/ruleset.h"

/*
 * All patterns of a ruleset in one pass: Hyperscan finds where a candidate ends, PCRE2 confirms it
 * in a window around it and extracts the secret. A match is no longer than MATCHER_MAX bytes and
 * looks no further than MATCHER_CONTEXT bytes to its sides, so what is found does not depend on how
 * the text was cut. Compiled by scan/compile.h; here is what runs (libhs_runtime only).
 */
#define MATCHER_MAX	1024
#define MATCHER_CONTEXT 64

/*
 * A pattern that has a longer match, or no limit, is matched within so many bytes from where it
 * begins.
 */
#define MATCHER_OPEN_MAX 5120

/* What stands further behind than this is decided after each feed. */
#define MATCHER_LAG 8192

/* Compiled, read only, shared by streams. */
struct matcher;

/*
 * Takes what matcher_compile (scan/compile.h) wrote; the bytes may be a mapping and must outlive
 * it, as must the rules. -ENOTSUP: made for another processor or version.
 */
int matcher_new(const struct ruleset *rules, const void *compiled, size_t len, struct matcher **ret,
	struct err *e);
void matcher_free(struct matcher *m);

/* Room for matching; one a thread, shared by that thread's streams. */
struct matcher_scratch;
int matcher_scratch_new(const struct matcher *m, struct matcher_scratch **ret, struct err *e);
void matcher_scratch_free(struct matcher_scratch *s);

struct match {
	size_t rule;		   /* index in the ruleset */
	uint64_t start, end;	   /* of the match in the stream */
	const unsigned char *text; /* the window, borrowed: for its line and context */
	size_t len;
	size_t at, at_end;	      /* the match in the window */
	size_t secret_at, secret_end; /* the secret in the window */
};

/* Negative ends the search. */
typedef int match_fn(void *arg, const struct match *m);

struct matcher_stream;

int matcher_open(const struct matcher *m, struct matcher_scratch *scratch,
	struct matcher_stream **ret, struct err *e);
void matcher_close(struct matcher_stream *s); /* wipes */
void matcher_reset(struct matcher_stream *s); /* a new text */

/* 0, what fn returned, or -EIO: a candidate could not be decided. A match is told once. */
int matcher_feed(struct matcher_stream *s, const void *p, size_t len, match_fn *fn, void *arg);
/* All that was fed is decided as if the text ended here, and it goes on. */
int matcher_flush(struct matcher_stream *s, match_fn *fn, void *arg);
int matcher_finish(struct matcher_stream *s, match_fn *fn, void *arg);

/* Bytes from the beginning in which nothing is open. */
uint64_t matcher_decided(const struct matcher_stream *s);

#endif
