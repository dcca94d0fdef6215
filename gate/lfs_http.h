#ifndef GATE_LFS_HTTP_H
#define GATE_LFS_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "gate/lfs_link.h"
#include "gate/upstream.h"

/*
 * Requests to an upstream's LFS: over TLS, to the hosts of gate/lfs_host.h only and there to the
 * address that was checked; no redirect is followed by itself, no proxy, cookie or netrc is used.
 * A side that neither sends nor takes a byte for the policy's idle_timeout_s ends it.
 */
struct lfs_http;

/* upstream: borrowed, resolved. Owner: the caller (lfs_http_free). */
int lfs_http_new(const struct upstream *upstream, struct lfs_http **ret, struct err *e);
void lfs_http_free(struct lfs_http *h);

static inline void lfs_http_cleanup(struct lfs_http **h)
{
	lfs_http_free(*h);
}
#define cleanup_lfs_http __attribute__((cleanup(lfs_http_cleanup)))

/* Given the bytes of an answer of status 200. Negative ends it, with *e. */
typedef int lfs_http_sink(void *arg, const char *bytes, size_t len, struct err *e);

struct lfs_http_call {
	const char *method;
	const struct lfs_link *link;
	const char *path;    /* behind its href, or NULL */
	const char *body;    /* JSON, or NULL */
	int body_fd;	     /* … of a PUT, a file, from its start */
	uint64_t size;	     /* of it, bytes */
	lfs_http_sink *sink; /* or NULL: the answer is kept as text */
	void *arg;
	uint64_t expect; /* of sink: another Content-Length is an error */
};

/* At most this much of an answer is kept as text. */
#define LFS_HTTP_TEXT_MAX (4U << 20)

struct lfs_http_reply {
	int status;
	char *text; /* NUL-terminated; what came into no sink */
	size_t len;
	char *location; /* of a redirect, absolute; or NULL */
};

/*
 * 0 for an answer of any status; -errno when there was none, its sink failed, or the host may not
 * be talked to. Owner of *ret: the caller (lfs_http_reply_done).
 */
int lfs_http_run(struct lfs_http *h, const struct lfs_http_call *call, struct lfs_http_reply *ret,
	struct err *e);

void lfs_http_reply_done(struct lfs_http_reply *r);
#define cleanup_lfs_http_reply __attribute__((cleanup(lfs_http_reply_done)))

/*
 * An error for an answer that is none of success: the upstream's own words made fit for a terminal,
 * unless they tell a credential of `link`; its code is lfs_answer_code's.
 */
int lfs_http_refused(const struct lfs_http_reply *r, const struct lfs_link *link, struct err *e);

#endif
