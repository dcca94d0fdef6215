#ifndef SCAN_SCAN_H
#define SCAN_SCAN_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/*
 * The one scanner that gate, egress and operator share: reads texts as streams of bytes and says
 * what it found in them, in whatever coding it stood.
 *
 * Rules are made once and then read only; a scan is the state of one reader, of one thread. What it
 * finds does not depend on how a text was cut into pieces; its memory does not depend on the
 * text's length, its time is linear in it.
 */

/* ---- what is looked for */

/* Which rules. */
enum scan_set {
	SCAN_OUTBOUND = 1 << 0, /* credentials: vendors' formats, the operator's rules */
	SCAN_KNOWN = 1 << 1,	/* the bottle's own secrets */
	SCAN_ENTROPY = 1 << 2,	/* windows of high entropy; a warning */
	SCAN_INBOUND = 1 << 3,	/* phrases of prompt injection */
};

struct scan_secret {
	const char *name;  /* for messages; "canary" is one, too */
	const char *value; /* at least SCAN_SECRET_MIN bytes, else it is an error */
	size_t len;
};

#define SCAN_SECRET_MIN 8

struct scan_sources {
	/*
	 * The compiled rules as scan_cache_open (scan/cache.h) made them; the descriptor stays the
	 * caller's and may be closed afterwards. The operator's rules are in it, too.
	 */
	int cache_fd;
	const struct scan_secret *known;
	size_t n_known;
};

struct scan_rules;

/* Copies what it needs of the sources. Owner: the caller (scan_rules_free). */
int scan_rules_new(const struct scan_sources *from, struct scan_rules **ret, struct err *e);
void scan_rules_free(struct scan_rules *r);

/*
 * The same rules with other known secrets (of `from` only these are read), without a descriptor and
 * in no time. base is borrowed and must outlive it.
 */
int scan_rules_with(const struct scan_rules *base, const struct scan_sources *from,
	struct scan_rules **ret, struct err *e);

/* ---- what was found */

#define SCAN_RULE_KNOWN "known-secret"
/* `what` tells why; a policy decides, by default refuse. */
#define SCAN_RULE_UNREADABLE "unreadable"
#define SCAN_RULE_INJECTION  "prompt-injection"
#define SCAN_RULE_TOOL	     "mcp-tool-changed" /* since the server described it first */
#define SCAN_RULE_ENTROPY    "high-entropy"

enum scan_confidence {
	SCAN_LOW,    /* worth a warning, nothing is refused for it */
	SCAN_MEDIUM, /* a format that something else may share */
	SCAN_HIGH,   /* a checksum, a known secret, a format that is nothing else's */
};

#define SCAN_VIA_MAX	 96
#define SCAN_EXCERPT_MAX 12

struct scan_finding {
	const char *rule; /* id: "aws-access-key-id" */
	const char *what; /* in words; of a known secret its name */
	enum scan_confidence confidence;
	const char *place;	/* of the text, as it was begun: "header X-Note"; borrowed */
	char via[SCAN_VIA_MAX]; /* codings from the outside in: "gzip > base64", "" */
	size_t line;		/* of the outermost text, from 1; 0: not known */
	uint64_t start, end;	/* of the outermost text, what hides it; both 0: not known */
	char excerpt[SCAN_EXCERPT_MAX]; /* at most the first and last two characters: "ab…yz" */
};

/* Called for each finding, in no certain order; all of it is borrowed. Negative ends the scan. */
typedef int scan_found_fn(void *arg, const struct scan_finding *f);

/* What a rule is, for whom a finding is to be explained to. All borrowed; NULL: not known. */
struct scan_rule_about {
	const char *what, *doc;
	enum scan_confidence confidence;
};
int scan_rule_about(const struct scan_rules *r, const char *id, struct scan_rule_about *ret);

/* ---- reading */

struct scan;

/*
 * What one host has been sent lately, so that what is split over consecutive requests is found.
 * Bounded; one a host, used by one scan at a time. Owner: the caller.
 */
struct scan_window;
struct scan_window *scan_window_new(void); /* NULL when memory ran out */
void scan_window_free(struct scan_window *w);

struct scan_text {
	const char *place;	      /* for findings; copied. "" or NULL: none */
	const char *path;	      /* of a file, for rules with a path condition; NULL: none */
	const char *content_type;     /* as declared, with parameters; NULL: unknown, is sniffed */
	const char *content_encoding; /* as declared; NULL: none */
};

/* The rules must outlive it. Owner: the caller (scan_close). sets: of enum scan_set. */
int scan_open(const struct scan_rules *rules, unsigned int sets, scan_found_fn *found, void *arg,
	struct scan **ret, struct err *e);
void scan_close(struct scan *s);

/* How many bytes may come out of a container for each that went in, once 1 MiB came out: beyond it
 * the text counts as unread. 0: as many as when it was opened. Holds for what begins after it. */
void scan_limit_ratio(struct scan *s, unsigned int ratio);

/*
 * A message is any number of texts: the parts of a request, or one file. What was split over them
 * is found, too. w: NULL, or the host's window. Ends the message before, if there was one.
 */
int scan_message(struct scan *s, struct scan_window *w, struct err *e);

/*
 * A short text at once, with its name: a header, a parameter, a cookie, a path part, a form field.
 * Values with the same name (but for its digits) and in a row are also read as one. One of the
 * name "path" is as many values as it has parts between slashes.
 */
int scan_value(struct scan *s, const char *place, const char *name, const char *value, size_t len,
	struct err *e);

/* A text in pieces. */
int scan_begin(struct scan *s, const struct scan_text *text, struct err *e);
/* -errno from found; -EIO when something could not be decided: the text then counts as unread. */
int scan_feed(struct scan *s, const void *data, size_t len, struct err *e);
/* A message of a stream ends here (a frame, an event): all that was fed is decided, and the text
 * goes on: what begins here and ends in the next one is found, too. */
int scan_flush(struct scan *s, struct err *e);
/* All of the text is decided when this returns 0. */
int scan_end(struct scan *s, struct err *e);

/*
 * How many bytes of the text, from its beginning, hold nothing that more bytes could turn into a
 * finding: those may be passed on. Never more than SCAN_HOLD bytes behind what was fed, but for
 * codings, of which nothing is decided before they end or hold as much.
 */
uint64_t scan_decided(const struct scan *s);
#define SCAN_HOLD (256U << 10)

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
