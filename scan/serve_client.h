#ifndef SCAN_SERVE_CLIENT_H
#define SCAN_SERVE_CLIENT_H

#include <stddef.h>

#include "base/err.h"
#include "scan/serve_wire.h"

/*
 * Has texts read by bottle-scan (scan/serve_wire.h). What it has read is known by
 * serve_client_finish alone: until that returns 0, every text counts as unread. A scanner that is
 * dead, stuck or says what it should not is an error of any of these, which begins with "no
 * scanner"; one that could not decide says why.
 */
struct serve_client;

/* door: SERVE_DOOR_OUTSIDE's descriptor, borrowed. Owner: the caller (serve_client_close). */
int serve_client_open(int door, struct serve_client **ret, struct err *e);
void serve_client_close(struct serve_client *c);

/*
 * One text: begun, fed in any pieces, ended. tag: told back with its findings, less than
 * SERVE_TAG_MAX bytes; path: of a file, or "" (of a longer one than SERVE_PATH_MAX its end).
 */
int serve_client_begin(struct serve_client *c, const char *tag, const char *path, struct err *e);
int serve_client_feed(struct serve_client *c, const void *data, size_t len, struct err *e);
int serve_client_end(struct serve_client *c, struct err *e);

/* Called for each finding that is told; borrowed. */
typedef void serve_client_found_fn(void *arg, const struct serve_finding *f);

/* After the last text: waits until all were read. *ret: how many, and what was found. */
int serve_client_finish(struct serve_client *c, serve_client_found_fn *found, void *arg,
	struct serve_done *ret, struct err *e);

static inline void serve_client_cleanup(struct serve_client **c)
{
	serve_client_close(*c);
}
#define cleanup_serve_client __attribute__((cleanup(serve_client_cleanup)))

#endif
