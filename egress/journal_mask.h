#ifndef EGRESS_JOURNAL_MASK_H
#define EGRESS_JOURNAL_MASK_H

#include <stdbool.h>

#include "egress/scanners.h"
#include "scan/redact.h"

/*
 * What stands in a log is read as what leaves is: a request may be refused, and logged, before
 * anybody has looked for secrets in it, and its host, path, query and headers are the agent's
 * choice. Start with {.scanners = …}; a reader is taken at the first value.
 */
struct journal_mask {
	struct scanners *scanners;
	struct scanner *scanner;
	struct redaction spans;
	bool unplaced; /* something was found, and nobody can say where */
};

/* For struct journal_line. 0: what was found in the value is stars; -errno: it must not be logged.
 */
int journal_mask(void *mask, const char *name, char *value);

void journal_mask_done(struct journal_mask *m);
#define cleanup_journal_mask __attribute__((cleanup(journal_mask_done)))

#endif
