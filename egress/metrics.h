#ifndef EGRESS_METRICS_H
#define EGRESS_METRICS_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

/*
 * Figures of one life of the process, for Prometheus (text exposition 0.0.4). What a label says is
 * the manifest's, the scanner's or ours, never the agent's, so that there is a bounded number of
 * series, and no secret in them.
 */
struct metrics;

struct metrics *metrics_new(void); /* NULL when memory ran out */
void metrics_free(struct metrics *m);

/* All that count do nothing when m is NULL. */

enum metrics_verdict {
	METRICS_ALLOWED,  /* its response was passed on whole */
	METRICS_ANSWERED, /* by us: the policy in force, where the gate is */
	METRICS_REFUSED,
	METRICS_CUT,	 /* some of the response was passed on, and then no more */
	METRICS_ABORTED, /* the agent went away */
	METRICS_VERDICTS,
};

/* In the log and as a label. */
const char *metrics_verdict_name(enum metrics_verdict v);

/* A request that is over. All borrowed. */
struct metrics_request {
	const char *route; /* as the manifest names it; NULL: none */
	enum metrics_verdict verdict;
	int status;			 /* that the agent got; 0: none */
	const char *error;		 /* of a refusal; or NULL */
	const char *finding;		 /* the scanner's rule; or NULL */
	uint64_t bytes_up, bytes_down;	 /* of bodies */
	int64_t first_byte_us, total_us; /* since its begin; first_byte_us 0: there was none */
};
void metrics_request(struct metrics *m, const struct metrics_request *r);

/* A connection that was refused before there was a request: error, and finding or NULL. */
void metrics_refusal(struct metrics *m, const char *error, const char *finding);

/* A connection of a tcp route that is over. */
void metrics_tcp(struct metrics *m, const char *route, uint64_t up, uint64_t down);

enum metrics_counter {
	METRICS_UPSTREAM_CONNECTIONS, /* that were dialled and stand */
	METRICS_UPSTREAM_HANDSHAKES,  /* of TLS, with a verified certificate */
	METRICS_UPSTREAM_RESUMED,     /* … of these, resumed ones */
	METRICS_AGENT_CONNECTIONS,
	METRICS_WEBSOCKETS,
	METRICS_RELOADS,
	METRICS_BAD_RELOADS,
	METRICS_COUNTERS,
};
void metrics_count(struct metrics *m, enum metrics_counter c);

/* An upstream that could not be reached; error: a constant word. */
void metrics_upstream_failed(struct metrics *m, const char *error);

/* Time that the scanner took. */
void metrics_scanned(struct metrics *m, int64_t us);

/* What is now, and is no counter of ours. */
struct metrics_now {
	size_t connections, exchanges, held_bytes, routes;
	uint64_t log_lines;
	size_t log_waiting_bytes; /* of lines that the disk does not take */
};

/* The whole text. 0 or -ENOMEM. */
int metrics_write(const struct metrics *m, const struct metrics_now *now, struct buf *out);

#endif
