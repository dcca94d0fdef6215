#ifndef GATE_PROGRESS_H
#define GATE_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * How far a scan is, on standard error, in the manner of git's own: one line that is written over
 * ("scanning 1,240 of 5,100 objects"), from its second second on, and only where receive-pack makes
 * sideband packets of what its hook writes. Whether the agent's git asked for silence (--quiet) is
 * a word between it and receive-pack, which a hook is not told.
 */
struct progress {
	int64_t began_ms, next_ms; /* CLOCK_MONOTONIC; the next line is due */
	size_t done, total;	   /* objects; total 0: not known */
	bool wanted, shown;
};

/* quarantine: where receive-pack has put the push's packs, or NULL. */
void progress_begin(struct progress *p, const char *quarantine);

/* One object more; and: the same one still. */
void progress_step(struct progress *p);
void progress_tick(struct progress *p);

/* Ends the line, if there is one; done: all were read. */
void progress_end(struct progress *p, bool done);

/* How many objects the packs in DIR/pack hold, by their indexes (gitformat-pack(5)); 0: unknown. */
size_t progress_count(const char *dir);

/* "1,240" for 1240, into buf. Returns buf. */
#define PROGRESS_NUMBER_MAX 32
const char *progress_number(size_t n, char buf[PROGRESS_NUMBER_MAX]);

#endif
