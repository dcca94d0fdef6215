#ifndef CONTROL_LOG_VERIFY_H
#define CONTROL_LOG_VERIFY_H

#include "base/chain.h"
#include "base/err.h"

/*
 * Whether a chain of lines (base/chain.h) is whole: each line that was changed, taken out, put in
 * or moved is told, and a missing end by what the monitor has written down of it.
 *
 * Who writes the log, egress, could be taken over and go on with false lines; what stood there
 * before it cannot change. Who may write the file itself can make a new chain from some line on,
 * if he also changes what was written down of its end.
 */
struct log_end_known {
	bool known;	  /* the bottle has ended, and its monitor has told where */
	uint64_t seq;	  /* of the last line */
	const char *link; /* … and its link */
};

struct log_verified {
	uint64_t lines, segments, problems;
	char first[32], last[32]; /* times of the first and last line; "" */
};

/* One problem, in words: "line 7: …". */
typedef void log_problem_fn(void *arg, const char *text);

/* fd: the log, at its beginning. 0, or -errno when it could not be read. */
int log_verify(int fd, const struct log_end_known *end, log_problem_fn *tell, void *arg,
	struct log_verified *ret, struct err *e);

#endif
