#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "egress/oauth_parts.h"

/* One token: whose it is, what it is made of, how long it lives. */

#define MARGIN_MS 60000 /* before it expires; of a short life a tenth */

void oauth_token_free(struct oauth_token *t)
{
	fetch_cancel(t->fetch);
	login_tokens_done(&t->now);
	login_tokens_done(&t->before);
	secret_done(&t->client_secret);
	rules_unref(t->rules);
	free(t);
}

static bool same_text(const char *a, const char *b)
{
	return a == b || str_eq(a, b);
}

bool oauth_same_auth(const struct policy_auth *a, const struct policy_auth *b)
{
	return a->scheme == b->scheme && a->grant == b->grant && same_text(a->slot, b->slot) &&
	       same_text(a->token_url, b->token_url) && same_text(a->client_id, b->client_id) &&
	       same_text(a->client_secret_slot, b->client_secret_slot) &&
	       same_text(a->scope, b->scope) && same_text(a->audience, b->audience) &&
	       same_text(a->provider, b->provider);
}

struct oauth_token *oauth_token_find(const struct oauth *o, const struct policy_auth *auth)
{
	struct oauth_token *t = o->list;

	while (t && !oauth_same_auth(t->auth, auth))
		t = t->next;
	return t;
}

static int copy_secret(const struct oauth *o, const char *slot, struct secret *ret, struct err *e)
{
	const struct secret *from = slot ? component_secret(&o->service->boot, slot) : NULL;

	if (!slot)
		return 0;
	if (!from)
		return err_say(e, EINVAL, "its secret '%s' was not handed over", slot);
	return secret_set(ret, from->bytes, from->len, e);
}

/* When it is to be renewed: a little before it expires. */
static void set_life(struct oauth_token *t, int64_t expires_ms)
{
	int64_t now = oauth_wall_ms(), left = expires_ms - now;
	int64_t margin = left / 10 < MARGIN_MS ? left / 10 : MARGIN_MS;

	t->now.expires_ms = expires_ms;
	t->renew_ms = expires_ms > 0 ? expires_ms - (margin > 0 ? margin : 0) : 0;
	t->usable = t->now.access.bytes && (expires_ms == 0 || now < expires_ms);
}

void oauth_token_adopt(struct oauth_token *t, struct login_tokens *fresh)
{
	login_tokens_done(&t->before);
	t->before = t->now;
	t->now = *fresh;
	*fresh = (struct login_tokens){0};
	t->generation = ++t->all->generations;
	t->renewed_ms = loop_now_ms(t->all->service->loop);
	set_life(t, t->now.expires_ms);
}

static int init_login(struct oauth_token *t, struct err *e)
{
	cleanup_login_tokens struct login_tokens tokens = {0};
	cleanup_secret struct secret file = {0};
	int r;

	t->login = login_provider_find(t->auth->provider);
	if (!t->login)
		return err_say(e, EINVAL, "provider is none of " LOGIN_PROVIDERS);
	r = copy_secret(t->all, t->auth->slot, &file, e);
	if (r == 0)
		r = login_read(t->login, &file, &tokens, e);
	if (r == 0)
		oauth_token_adopt(t, &tokens);
	t->of_file = true;
	return r;
}

static int init_oauth(struct oauth_token *t, struct err *e)
{
	const struct policy_auth *a = t->auth;
	bool refresh = a->grant == POLICY_REFRESH_TOKEN;
	int r = copy_secret(
		t->all, refresh ? a->client_secret_slot : a->slot, &t->client_secret, e);

	if (r == 0 && refresh)
		r = copy_secret(t->all, a->slot, &t->now.refresh, e);
	if (r == 0 && !a->token_url)
		r = err_say(e, EINVAL, "oauth wants a token_url");
	if (r == 0 && !a->client_id && (!refresh || t->client_secret.bytes))
		r = err_say(e, EINVAL, "a client's secret wants a client_id");
	return r;
}

static int init(struct oauth_token *t, struct err *e)
{
	int r = t->auth->scheme == POLICY_AUTH_LOGIN ? init_login(t, e) : init_oauth(t, e);

	return r == 0 ? fetch_url_parse(oauth_url(t->auth), &t->to, e) : r;
}

struct oauth_token *oauth_token_make(
	struct oauth *o, struct rules *rules, struct rule *rule, struct err *e)
{
	struct oauth_token *t;
	size_t n = 0;

	for (t = o->list; t; t = t->next)
		n++;
	if (n == OAUTH_TOKENS_MAX) {
		err_say(e, E2BIG, "more than %d different tokens at a time", OAUTH_TOKENS_MAX);
		return NULL;
	}
	t = calloc(1, sizeof(*t));
	if (!t) {
		err_set(e, ENOMEM, "a token");
		return NULL;
	}
	t->all = o;
	t->rules = rules_ref(rules);
	t->rule = rule;
	t->auth = &rule_route(rule)->auth;
	t->next = o->list;
	o->list = t;
	if (init(t, e) == 0 && oauth_learn(o, e) == 0)
		return t;
	o->list = t->next;
	oauth_token_free(t);
	return NULL;
}
