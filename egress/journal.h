#ifndef EGRESS_JOURNAL_H
#define EGRESS_JOURNAL_H

#include "base/http1.h"
#include "egress/refusal.h"
#include "egress/service.h"

/*
 * What goes into egress.log, by the policy's level: 0 the boot line, 1 also every refusal and
 * warning with its reason, 2 also requests and responses with their headers, before a credential is
 * added. What the agent or an upstream chose is escaped; values of fields that carry credentials
 * are left out, and a credential of ours is starred out wherever it stands.
 */
void journal_boot(const struct service *s);
void journal_refusal(const struct service *s, const struct refusal *why);
/* A connection of a tcp route, which nobody reads: opened (end NULL), or over. From level 1 on. */
struct journal_tcp {
	const char *id, *host;
	uint16_t port;
	uint64_t bytes_up, bytes_down;
	int64_t ms;
	const char *end; /* "ended", or "cut": reset, or idle for too long */
};
void journal_tcp(const struct service *s, const struct journal_tcp *t);
void journal_warn(const struct service *s, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
/* The same for what may come often: some lines a minute of each route, and how many were left out.
 */
void journal_warn_route(struct service *s, struct rule *r, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
void journal_request(const struct service *s, const char *host, const char *target,
	const struct http1_head *head);
void journal_response(const struct service *s, const char *host, const struct http1_head *head);

#endif
