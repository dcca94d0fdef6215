#ifndef EGRESS_OAUTH_PARTS_H
#define EGRESS_OAUTH_PARTS_H

#include "bundle/login.h"
#include "egress/fetch.h"
#include "egress/oauth.h"
#include "egress/service.h"

/* Between the files that make oauth.h: oauth.c, oauth_agent.c, oauth_grant.c,
 * oauth_known.c, oauth_renew.c, oauth_token.c. */

/* Different ones at a time; a policy with more routes of these schemes than this is refused. */
#define OAUTH_TOKENS_MAX 32

enum oauth_step { OAUTH_IDLE, OAUTH_ASKING, OAUTH_FETCHING };

struct oauth_token {
	struct oauth *all;
	struct oauth_token *next;
	struct rules *rules; /* kept: rule and auth are in it */
	struct rule *rule;
	const struct policy_auth *auth;
	const struct login_provider *login; /* NULL: scheme oauth */
	struct fetch_url to;
	struct login_tokens now, before;
	struct secret client_secret;
	unsigned int generation; /* of now.access; 0: there was none yet */
	bool usable;		 /* now.access, until it expires */
	bool of_file;		 /* … which stood in the operator's file, and may be old */
	int64_t renew_ms;	 /* since 1970; 0: nobody knows when it expires */
	int64_t renewed_ms;	 /* when it was got; loop_now_ms */
	enum oauth_step step;
	int64_t deadline_ms; /* of ASKING */
	struct fetch *fetch;
	bool in_body;	/* the server wants the client's secret in the body (RFC 6749, 2.3.1) */
	bool once_more; /* the second try of this renewal */
	int64_t failed_until_ms;
	char why[400]; /* of the failure */
};

struct oauth {
	struct service *service;
	int control;
	struct oauth_token *list;
	struct needles *needles;
	unsigned int generations; /* of all tokens together */
};

/* Milliseconds since 1970. */
int64_t oauth_wall_ms(void);

/* oauth_token.c: the token that routes with such an auth share; NULL: there is none yet. */
struct oauth_token *oauth_token_find(const struct oauth *o, const struct policy_auth *auth);
bool oauth_same_auth(const struct policy_auth *a, const struct policy_auth *b);
/* NULL: *e tells. */
struct oauth_token *oauth_token_make(
	struct oauth *o, struct rules *rules, struct rule *rule, struct err *e);
void oauth_token_free(struct oauth_token *t);
/* Takes fresh for its own; what it was is kept as the last one. */
void oauth_token_adopt(struct oauth_token *t, struct login_tokens *fresh);

#define AGAIN_LATER_MS 5000 /* after a server in trouble */

/* oauth_renew.c: begins a renewal of an idle token; when it ends all connections are woken. */
void oauth_renew(struct oauth_token *t);
/* It ended: why is told to who wants the token until again_ms have passed. */
void oauth_fail(struct oauth_token *t, int64_t again_ms, const char *why);
/* The right to renew goes back, with what came of it (NULL: nothing). */
void oauth_hand_back(const struct oauth_token *t, const struct login_tokens *fresh);

/* oauth_grant.c: the request that renews t. Wiped and freed by oauth_grant_done. 0 or -ENOMEM. */
struct oauth_grant {
	struct secret fields, body;
	const char *type;
};
int oauth_grant_make(const struct oauth_token *t, struct oauth_grant *ret, struct err *e);
void oauth_grant_done(struct oauth_grant *g);
#define cleanup_oauth_grant __attribute__((cleanup(oauth_grant_done)))

/* oauth_agent.c: the token endpoint; "" when there is none. */
const char *oauth_url(const struct policy_auth *auth);

/* oauth_known.c: from here on every token is looked for. 0 or -ENOMEM. */
int oauth_learn(struct oauth *o, struct err *e);

#endif
