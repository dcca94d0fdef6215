#ifndef FORGE_HTTP_H
#define FORGE_HTTP_H

#include <stdint.h>

#include "base/err.h"
#include "base/str.h"
#include "forge/answer.h"

/*
 * HTTPS by libcurl, to one host. All that needs files or names (roots, addresses, the library's own
 * preparations) is done by http_open, before the lock-down; a request makes a connection and no
 * more. No redirection is followed, no proxy asked, nothing kept.
 */
struct http;

/*
 * url: any below the forge's root. ca: PEM text of private roots, or NULL: the host's. due
 * (proc_now_ms): the end of all requests.
 */
int http_open(const char *url, const char *ca, int64_t due, struct http **ret, struct err *e);
void http_free(struct http *h);

/* Header lines of every request that follows; copied, and wiped at the end. */
int http_headers(struct http *h, char *const *headers, size_t n, struct err *e);

/*
 * method GET, POST or DELETE; body NULL: none, else JSON. The answer is the http's until the next
 * request. -EHOSTUNREACH and the like: there was none, or no whole one; `e` says why.
 */
int http_request(struct http *h, const char *method, const char *url, const char *body,
	struct answer *ret, struct err *e);

#endif
