#ifndef CONTROL_LOG_READER_H
#define CONTROL_LOG_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/*
 * A log, line by line, while it may yet grow. Who wrote it may have been taken over: a line may be
 * of any length and any bytes, what is longer than LOG_LINE_MAX is cut and the rest passed over.
 */
#define LOG_LINE_MAX (64U << 10)

struct log_reader {
	int fd; /* borrowed */
	char *buf;
	size_t start, end; /* of what was read and not given yet */
	bool skipping;	   /* the rest of a line that was cut */
	uint64_t line;	   /* number of the one given last, from 1 */
};

struct log_line {
	const char *text; /* until the next call; without its end, with a NUL behind it */
	size_t len;
	bool cut;
};

int log_reader_open(int fd, struct log_reader *ret, struct err *e);
void log_reader_done(struct log_reader *r);

/* 1: a line; 0: there is no whole one now; -errno. */
int log_reader_next(struct log_reader *r, struct log_line *ret, struct err *e);

/* What stands behind the last end of line: the beginning of one. 1 or 0. */
int log_reader_rest(struct log_reader *r, struct log_line *ret);

#endif
