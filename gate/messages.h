#ifndef GATE_MESSAGES_H
#define GATE_MESSAGES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

/*
 * What `git push --progress` prints on standard error while an upstream takes a push, shown to the
 * agent as it comes: the upstream's lines ("remote: …") without that word, which the agent's own
 * git puts in front again; progress only where a push lasts, and then not more than twice a second;
 * git's own complaints not at all, whoever reads them knows more of them. Fit for a terminal
 * (gate/sanitize.h). Start with messages_init; end with messages_done, which shows an unfinished
 * line.
 */
struct messages {
	struct str line; /* as far as it has come */
	int to;
	int64_t born_ms, shown_ms; /* progress was last shown */
	bool returned;		   /* the last byte was '\r': whether '\n' follows decides */
	bool progress;		   /* git's own was shown: how it ended is, too */
};

/* to: borrowed descriptor; one that takes nothing any more ends nothing. */
void messages_init(struct messages *m, int to);
void messages_done(struct messages *m);

/* arg: the messages (struct git_watch). */
void messages_feed(void *arg, const char *bytes, size_t len);

#endif
