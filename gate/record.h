#ifndef GATE_RECORD_H
#define GATE_RECORD_H

#include <stdint.h>

#include "gate/refs.h"

/*
 * What the gate knows of an upstream, between its connections: kept in the mirror's lock file, read
 * and written by who holds the lock.
 */
struct record {
	int64_t asked_ns; /* the upstream was asked then (CLOCK_MONOTONIC), or later; 0: never */
	bool synced;	  /* the mirror's refs and objects are those of `refs` */
	struct refs refs; /* as the upstream told them */
};

/*
 * A file that holds nothing, or what a killed writer left, is an upstream that was never asked.
 * Owner: the caller (record_done).
 */
int record_read(int lock_fd, struct record *ret, struct err *e);
int record_write(int lock_fd, const struct record *rec, struct err *e);
void record_done(struct record *rec);
#define cleanup_record __attribute__((cleanup(record_done)))

#endif
