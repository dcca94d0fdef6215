#ifndef SCAN_REDACT_H
#define SCAN_REDACT_H

#include <stddef.h>

#include "scan/scan.h"

/*
 * A message without what was found in it. A finding's place becomes as many stars, so that
 * Content-Length, JSON, form, multipart and header syntax stay as they are; a place that is not
 * known (within a compression, split over values) cannot be redacted.
 */
struct redaction {
	struct redaction_span {
		uint64_t start, end;
	} * spans;
	size_t n, cap;
	const char *why; /* NULL, or why it cannot be done: the message is to be refused */
};

/* Remembers a finding of the text. 0 or -ENOMEM. */
int redaction_add(struct redaction *r, const struct scan_finding *f);
/* Rewrites the text in place; -EACCES: r->why. The caller scans it again afterwards. */
int redaction_apply(const struct redaction *r, char *text, size_t len);
void redaction_done(struct redaction *r);

#endif
