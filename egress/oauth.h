#ifndef EGRESS_OAUTH_H
#define EGRESS_OAUTH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/secret.h"
#include "bundle/policy.h"
#include "egress/refusal.h"

/*
 * Access tokens that egress gets by itself, for routes of the schemes oauth and login (RFC 6749,
 * client_credentials and refresh_token).
 *
 * Theory of operation. A route's first request makes a token; routes with the same auth share it,
 * also over reloads. Who needs it is told READY, or WAIT and is woken when there is news:
 *
 *	IDLE → (ASKING →) FETCHING → IDLE
 *
 * ASKING is for what others may renew, too: the monitor, which holds the newest refresh token and
 * keeps it from other bottles meanwhile (COMPONENT_TOKEN_ASK). It gets what came of it. A token is
 * renewed when it is wanted and about to expire, and once when its upstream has said 401. All
 * tokens, the last ones too, are secrets from the moment on when they are known.
 */
struct oauth;
struct service;
struct rules;
struct rule;
struct needles;

/* NULL when memory ran out. */
struct oauth *oauth_new(struct service *s);

/* The monitor's socket, borrowed; before that there is nobody to ask. */
void oauth_set_control(struct oauth *o, int control);
void oauth_free(struct oauth *o); /* wipes; o may be NULL */

/* Whether a route's credential is got this way. */
static inline bool oauth_is_for(const struct policy_auth *a)
{
	return a->scheme == POLICY_AUTH_OAUTH || a->scheme == POLICY_AUTH_LOGIN;
}

enum oauth_state {
	OAUTH_READY,  /* *ret */
	OAUTH_WAIT,   /* all connections are woken when there is news */
	OAUTH_FAILED, /* *why; it is tried again after some seconds */
};

struct oauth_ticket {
	const struct secret *access; /* borrowed, until the loop is back */
	unsigned int generation;
};

enum oauth_state oauth_need(struct oauth *o, struct rules *rules, struct rule *rule,
	struct oauth_ticket *ret, struct refusal *why);

/*
 * The upstream has refused the token of this generation (401). true: there is a newer one, or one
 * will be got, and the request is worth another try.
 */
bool oauth_rejected(struct oauth *o, const struct policy_auth *auth, unsigned int generation);

/* The monitor has answered (COMPONENT_TOKEN_NOW). 0, or -EPROTO. */
int oauth_token_now(struct oauth *o, const char *body, size_t len, struct err *e);

/* A new policy is in force: tokens that none of its routes wants are forgotten. */
void oauth_rebind(struct oauth *o, struct rules *rules);

/* The scanner learns these secrets that were handed over, and with them the tokens that there are.
 */
struct component_boot;
int oauth_tell_scanners(struct oauth *o, const struct component_boot *boot, struct err *e);

/* Once a second. Whether anything is under way. */
bool oauth_tick(struct oauth *o);

/* What must not stand in answers: all tokens there are and were last. Borrowed; NULL: none. o may
 * be NULL. */
const struct needles *oauth_needles(const struct oauth *o);

/* The auth of a route whose tokens come from this URL (path without its query); NULL: none does. */
const struct policy_auth *oauth_endpoint(
	const struct rules *rules, const char *host, uint16_t port, const char *path);

/*
 * What an agent is answered that asks a token endpoint of ours itself: an answer of RFC 6749
 * section 5.1 with tokens that are none, which it may send as if they were some. Caller frees; NULL
 * when memory ran out.
 */
char *oauth_answer(const struct policy_auth *auth);

#endif
