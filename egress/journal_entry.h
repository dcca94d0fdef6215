#ifndef EGRESS_JOURNAL_ENTRY_H
#define EGRESS_JOURNAL_ENTRY_H

#include "egress/journal_file.h"
#include "egress/journal_mask.h"
#include "egress/refusal.h"
#include "egress/service.h"

/* Between the files of the journal: a line in the making, and what looks for secrets in it. */
struct journal_entry {
	struct journal_line line;
	struct journal_mask mask;
};

void journal_entry_begin(
	struct journal_entry *n, const struct service *s, const char *level, const char *event);
void journal_entry_end(struct journal_entry *n, const struct service *s);

/* The policy's. */
int journal_level(const struct service *s);

/* Why, by which rule, and what the scanner found. */
void journal_entry_refusal(struct journal_entry *n, const struct refusal *why);

#endif
