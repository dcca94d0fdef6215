#ifndef SCAN_CONFIRM_H
#define SCAN_CONFIRM_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

/*
 * PCRE2 as all of scan/ runs it: bytes, within limits of work and memory, so that no pattern
 * explodes. RE2's "$" is the end of the text.
 */

/* The pattern as compiled; free with confirm_free. -EINVAL: what is wrong with it, and where. */
struct confirm;
int confirm_new(
	const char *pattern, size_t len, const char *id, struct confirm **ret, struct err *e);
void confirm_free(struct confirm *c);

/* Whether it would compile. */
int confirm_check(const char *pattern, size_t len, const char *id, struct err *e);

/* Room for running, one a thread; NULL when memory ran out. */
struct confirm_room;
struct confirm_room *confirm_room_new(void);
void confirm_room_free(struct confirm_room *r);

#define CONFIRM_GROUPS 32

struct confirm_search {
	const unsigned char *text;
	size_t len;
	size_t from, to; /* a match begins in [from, to] */
	bool more;	 /* the text goes on behind len */
	bool partial;	 /* say -EAGAIN where more text could make a match */
	bool patient;	 /* the greater limit of work */
	/* Of the match: begin and end of the whole and of its groups; (size_t)-1: took no part. */
	size_t spans[2 * CONFIRM_GROUPS];
	unsigned int n_spans;
};

/* 1 a match; 0 none; -EAGAIN; -EIO: beyond the limits. */
int confirm_run(const struct confirm *c, struct confirm_room *room, struct confirm_search *s);

#endif
