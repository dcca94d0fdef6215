#ifndef GATE_OBJECT_H
#define GATE_OBJECT_H

#include <stdint.h>

#include "base/err.h"
#include "gate/inspect.h"
#include "gate/progress.h"
#include "gate/reader.h"

/* What `git cat-file` is to print before each object: see object_read. */
#define OBJECT_FORMAT "--batch=%(objecttype) %(objectsize) %(objectname) %(rest)"

/* Objects as they are stored, one after the other. Start with {.in, .rd, .progress, .left}. */
struct object_reader {
	struct inspection *in;	   /* borrowed; its kind, oid and path say what was read last */
	struct reader *rd;	   /* borrowed; of cat-file's output */
	struct progress *progress; /* borrowed; or NULL */
	uint64_t left;		   /* bytes that may still be read */
	char *path;
};

void object_reader_done(struct object_reader *o);
#define cleanup_object_reader __attribute__((cleanup(object_reader_done)))

/*
 * Has the next one read, all of it. 1; 0 when there is none any more; -EFBIG when it is larger than
 * what is left, -errno when it could not be read.
 */
int object_read(struct object_reader *o, struct err *e);

#endif
