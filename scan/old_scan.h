#ifndef SCAN_OLD_SCAN_H
#define SCAN_OLD_SCAN_H

#include <stddef.h>

#include "base/err.h"

/* Beside the new one until the last user has gone over. */
#define scan_rules_new	old_scan_rules_new
#define scan_rules_free old_scan_rules_free
#define scan_open	old_scan_open
#define scan_feed	old_scan_feed
#define scan_finish	old_scan_finish
#define scan_close	old_scan_close

/*
 * The one scanner that gate and egress share: finds credentials in a stream of bytes, by rules of
 * vendors' formats and by the bottle's own secrets in every common spelling. Rules are compiled
 * once and then read only; a scan holds a window of fixed size, whatever it is fed, and what it
 * finds does not depend on how the stream was cut into pieces.
 */
struct scan_secret {
	const char *name;  /* for messages */
	const char *value; /* at least 8 bytes, else it is not looked for */
	size_t len;
};

struct scan_rules;

/* Copies what it needs of known. Owner: the caller (scan_rules_free). */
int scan_rules_new(
	const struct scan_secret *known, size_t n_known, struct scan_rules **ret, struct err *e);
void scan_rules_free(struct scan_rules *r);

#define SCAN_RULE_KNOWN "known-secret"

struct scan_finding {
	const char *rule; /* id: "aws-access-key-id" */
	const char *what; /* in words; of a known secret its name */
	size_t line;	  /* of the text, from 1 */
	char excerpt[8];  /* redacted: at most the first and last two characters */
};

/* Called for each finding, in no certain order; the finding is borrowed. Negative ends the scan. */
typedef int scan_found_fn(void *arg, const struct scan_finding *f);

struct scan;

/* Owner: the caller (scan_close). The rules must outlive it. */
int scan_open(const struct scan_rules *rules, scan_found_fn *found, void *arg, struct scan **ret,
	struct err *e);

/*
 * One more piece of the text. -errno from found; -EIO when a pattern could not be decided: the text
 * then counts as unread.
 */
int scan_feed(struct scan *s, const void *data, size_t len, struct err *e);

/* The end of the text: all of it is decided when this returns 0. The next text may be fed then. */
int scan_finish(struct scan *s, struct err *e);

void scan_close(struct scan *s);
static inline void scan_cleanup(struct scan **s)
{
	scan_close(*s);
}
#define cleanup_scan __attribute__((cleanup(scan_cleanup)))
static inline void scan_rules_cleanup(struct scan_rules **r)
{
	scan_rules_free(*r);
}
#define cleanup_scan_rules __attribute__((cleanup(scan_rules_cleanup)))

#endif
