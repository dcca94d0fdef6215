#ifndef GATE_READER_H
#define GATE_READER_H

#include <stddef.h>

#include "base/err.h"

/* A buffered reader of a pipe. Start with {.fd = fd} (borrowed). Pointers hold until the next call.
 */
struct reader {
	int fd;
	char *buf;
	size_t pos, len, cap;
};

void reader_done(struct reader *r);
#define cleanup_reader __attribute__((cleanup(reader_done)))

/*
 * Everything up to the byte `stop`, which is taken, too, and stands as NUL behind the text. 1; 0 at
 * the end of the pipe; -EPROTO when it ends before `stop`, -EFBIG beyond 1 MiB.
 */
int reader_until(struct reader *r, char stop, const char **ret, size_t *ret_len, struct err *e);

/* At most *len bytes, at least one. 0; -EPROTO at the end of the pipe. */
int reader_some(struct reader *r, const char **ret, size_t *len, struct err *e);

int reader_skip(struct reader *r, size_t len, struct err *e);

#endif
