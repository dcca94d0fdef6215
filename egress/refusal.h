#ifndef EGRESS_REFUSAL_H
#define EGRESS_REFUSAL_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/http1.h"
#include "egress/host.h"
#include "scan/scan.h"

/*
 * Why something was refused, in the agent's own protocol: what, by which rule, and how to ask for
 * it. The id stands in the log line, too.
 */
#define REFUSAL_LOG "log" /* the error when what is refused could not be logged */

struct refusal {
	int status;	     /* of HTTP */
	const char *error;   /* one constant word: "host_not_allowed" */
	const char *rule;    /* constant text: the rule that refused */
	char reason[512];    /* one sentence */
	char host[HOST_MAX]; /* "" when unknown */
	char id[17];
	int retry_after_s; /* 0: nothing is said of it */
	const char *how;   /* constant text: how to ask; NULL: by the other members */
	/* What the scanner found; finding "": nothing. */
	char finding[64], place[64], via[SCAN_VIA_MAX], excerpt[SCAN_EXCERPT_MAX];
};

/* A new id: 16 hexadecimal digits. It only joins an answer and a log line: no secret depends on it.
 */
void refusal_new_id(char ret[17]);

/* Fills r, with a new id, all but host and retry_after_s. Always returns -EACCES, so that a check
 * can return it.
 */
int refusal_set(struct refusal *r, int status, const char *error, const char *rule, const char *fmt,
	...) __attribute__((format(printf, 5, 6)));

/* Which rule of the scanner found what, where: for programs, beside the reason. */
void refusal_set_finding(struct refusal *r, const struct scan_finding *f);

/* Text for people (browsers, curl), JSON for programs: by Accept, then by User-Agent. */
bool refusal_wants_text(const struct http1_head *request);

/* The body of the answer, as text or as JSON; the caller frees. 0 or -ENOMEM. */
int refusal_body(const struct refusal *r, bool text, char **ret);

/*
 * The reason phrase is all that most clients show of a refused CONNECT, so it says why, and not the
 * status once more. Returns ret.
 */
#define REFUSAL_PHRASE_MAX 160
const char *refusal_phrase(const struct refusal *r, char ret[REFUSAL_PHRASE_MAX]);

#endif
