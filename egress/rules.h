#ifndef EGRESS_RULES_H
#define EGRESS_RULES_H

#include <openssl/ssl.h>

#include "base/component.h"
#include "base/err.h"
#include "base/http1.h"
#include "bundle/policy.h"
#include "egress/address.h"
#include "egress/limits.h"
#include "egress/proxy.h"
#include "egress/refusal.h"
#include "egress/session.h"
#include "egress/target.h"
#include "egress/trust.h"
#include "scan/scan.h"

/*
 * The policy in force, compiled: routes with their regular expressions and their credentials.
 * Immutable; a reload makes a new one, and who uses the old one keeps it (rules_ref).
 */
struct rules;
struct rule; /* one route */
struct needles;
struct credential;
struct oauth;
struct secret;

/*
 * From the policy's JSON. boot lends the values of credentials and keys, which are copied. An error
 * names the route.
 */
int rules_new(
	const char *json, const struct component_boot *boot, struct rules **ret, struct err *e);
struct rules *rules_ref(struct rules *r);
void rules_unref(struct rules *r);

const struct policy_egress *rules_policy(const struct rules *r);

/* The route for host and port: an exact host before a wildcard, the longest wildcard first. NULL:
 * nothing leaves. */
struct rule *rules_find(const struct rules *r, const char *host, uint16_t port);

/* The same for a tcp route, whose bytes pass unread. A host and port has one of the two at most. */
struct rule *rules_find_tcp(const struct rules *r, const char *host, uint16_t port);

/* The network's proxy, where the host is reached by it; else NULL. Borrowed. */
struct proxy *rules_proxy(const struct rules *r, const char *host);

const struct policy_route *rule_route(const struct rule *r);

/* What is asked of a host that a rule allows. */
struct rule_request {
	const char *host;
	bool tls;
	const struct http1_head *head;
	const struct target *target;
	size_t *ret_entry; /* which entry of matches fits, 0 where there is none; or NULL */
};

/* The checks behind the host: credential only over TLS, git, matches. 0, or -EACCES and *why. */
int rule_check(const struct rule *r, const struct rule_request *q, struct refusal *why);

/* What the agent's own credential gives place to; never NULL. Borrowed. */
const struct credential *rule_credential(const struct rule *r);

/* The world's time as the route's upstream has it, for signatures; what an answer tells of it. */
int64_t rule_now(const struct rule *r);
void rule_learn_clock(struct rule *r, const struct http1_head *response);

/* Its access token from here on (egress/oauth.h). */
int rule_renew(struct rule *r, const struct secret *token, unsigned int generation, struct err *e);

/* Whose tokens are starred out beside the credentials; outlives r. */
void rules_set_oauth(struct rules *r, const struct oauth *o);

/* Whether the upstream may have this address. 0, or -EACCES and *why. */
int rule_check_address(const struct rule *r, const struct address *a, struct refusal *why);

/* The client context with the route's roots, made at first use; borrowed. keep: as in trust.h. */
int rule_tls(
	struct rule *r, struct trust *trust, trust_keep_fn *keep, SSL_CTX **ret, struct err *e);

/* What the route's hosts were sent lately, one window for all of them: names below a wildcard are
 * the agent's choice. Borrowed; NULL when memory ran out. */
struct scan_window *rule_window(struct rule *r);

/* Whether another warning about this route may be logged; *ret_left_out: how many were not. */
bool rule_may_warn(struct rule *r, int64_t now_ms, size_t *ret_left_out);

/* What bounds the bottle, and the route's requests and connections. Borrowed. */
const struct limits *rules_limits(const struct rules *r);
const struct limits *rule_limits(const struct rule *r);

/* One request more, of the route and of the bottle. 0, or -EACCES and *why (429). */
int rule_admit(struct rules *all, struct rule *r, int64_t now_ms, struct refusal *why);

/* One connection more to the route's upstreams, until rule_disconnect. 0, or -EACCES and *why
 * (503). */
int rule_connect(struct rule *r, struct refusal *why);
bool rule_may_connect(const struct rule *r);
void rule_disconnect(struct rule *r);

/* Sessions of the route's upstreams; borrowed. */
struct sessions *rule_sessions(struct rule *r);

/* What must not stand in the body of a response under this rule; NULL: nothing secret is sent. */
const struct needles *rule_needles(const struct rules *r, const struct rule *rule);

/* Stars out each credential, in all its spellings, in a response's head. */
void rules_redact_head(const struct rules *r, struct http1_head *head);

/* The same in a text that is to be logged. */
void rules_redact(const struct rules *r, char *text);

#endif
