#ifndef EGRESS_JOURNAL_H
#define EGRESS_JOURNAL_H

#include "base/http1.h"
#include "egress/journal_file.h"
#include "egress/metrics.h"
#include "egress/refusal.h"
#include "egress/service.h"

/*
 * What goes into egress.log, by the policy's level: 0 the boot line of each start, 1 also every
 * refusal and warning with its reason, 2 also every request, with the headers of both sides before
 * a credential is added. One line of JSON each (bottle-log(5) has the members); never a body, and
 * at level 1 neither query nor headers. What the agent or an upstream chose is read for secrets
 * before it is logged, and a credential of ours is starred out wherever it stands.
 */
void journal_boot(const struct service *s);

/* A failure of the process itself, at any level; f may be NULL. */
void journal_error(struct journal_file *f, const struct err *why);

/* A new policy is in force, or was refused: why->code != 0. */
void journal_reload(const struct service *s, const struct err *why);

/*
 * Whether what is to be done now could be logged, so that it may begin: at level 0 always, else
 * when all lines so far are in the file.
 */
bool journal_ready(const struct service *s);

/* A connection that was refused before there was a request. */
void journal_refusal(const struct service *s, const struct refusal *why);

/*
 * A connection of a tcp route, which nobody reads: opened (end NULL; from level 2 on), or over
 * (from level 1 on).
 */
struct journal_tcp {
	const char *id, *host;
	uint16_t port;
	uint64_t bytes_up, bytes_down;
	int64_t ms;
	const char *end; /* "ended", or "cut": reset, or idle for too long */
};
void journal_tcp(const struct service *s, const struct journal_tcp *t);

void journal_warn(const struct service *s, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
/* The same for what may come often: some lines a minute of each route, and how many were left out.
 */
void journal_warn_route(struct service *s, struct rule *r, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

struct exchange;

/* What became of a request. */
struct journal_outcome {
	enum metrics_verdict verdict;
	int status;		   /* that the agent got; 0: none */
	const struct refusal *why; /* of METRICS_REFUSED; else NULL */
	const char *cut;	   /* of METRICS_CUT: why */
};

/*
 * A request that is over: at level 1 one that was refused or cut, at level 2 each. One that was
 * refused since nothing can be written is counted.
 */
void journal_exchange(struct exchange *x, const struct journal_outcome *o);

#endif
