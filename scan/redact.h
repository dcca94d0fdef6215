#ifndef SCAN_REDACT_H
#define SCAN_REDACT_H

#include <stddef.h>

#include "scan/scan.h"

/*
 * A message without what was found in it. A finding's place becomes as many stars, so that
 * Content-Length stays as it is, and JSON, form, multipart and header syntax, too: what separates
 * values (quotes, brackets, '&', '=', ';', ends of lines, boundaries, tags) stays, an escape is
 * starred whole, a number of JSON becomes ones. A place that is not known (within a compression,
 * split over values) cannot be redacted: the caller's second scan finds it again.
 */
struct redaction {
	struct redaction_span {
		uint64_t start, end;
	} * spans;
	size_t n, cap;
	const char *why; /* NULL, or why the last finding without a place has none */
};

/* Remembers a finding of the text. 0 or -ENOMEM. */
int redaction_add(struct redaction *r, const struct scan_finding *f);
/*
 * Rewrites the text in place. -EACCES: there is nothing to be rewritten, r->why tells. The caller
 * scans it again afterwards, and refuses what is still there.
 */
int redaction_apply(struct redaction *r, char *text, size_t len);
void redaction_done(struct redaction *r);
#define cleanup_redaction __attribute__((cleanup(redaction_done)))

#endif
