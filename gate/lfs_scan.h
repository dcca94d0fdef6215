#ifndef GATE_LFS_SCAN_H
#define GATE_LFS_SCAN_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/str.h"
#include "scan/serve_client.h"

/*
 * What leaves for an upstream's LFS, read by bottle-scan before a byte of it goes: an object, or
 * the words of a request. One text each.
 */
struct lfs_scan {
	struct serve_client *client;
	bool unreadable_ok;
	const char *name; /* of the text, for messages; borrowed */
	struct str told;  /* the first few, in words */
	size_t n_told;
};

/*
 * Over GATE_FD_SCANNER. unreadable_ok: what cannot be read may leave. Owner: the caller
 * (lfs_scan_done).
 */
int lfs_scan_begin(struct lfs_scan *s, bool unreadable_ok, const char *name, struct err *e);
int lfs_scan_feed(struct lfs_scan *s, const void *data, size_t len, struct err *e);

/*
 * 0: it was read whole and may leave. -EBADMSG: findings, told by rule, line and redacted excerpt;
 * warnings go into the log. Any other error: it counts as unread.
 */
int lfs_scan_finish(struct lfs_scan *s, struct err *e);
void lfs_scan_done(struct lfs_scan *s);
#define cleanup_lfs_scan __attribute__((cleanup(lfs_scan_done)))

/* All of it for one short text. */
int lfs_scan_text(bool unreadable_ok, const char *name, const char *text, struct err *e);

#endif
