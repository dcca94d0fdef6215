#include "egress/oauth.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/msg.h"
#include "base/ptr.h"
#include "base/str.h"
#include "egress/conn.h"
#include "egress/journal.h"
#include "egress/needles.h"
#include "egress/oauth_parts.h"
#include "egress/token_answer.h"

#define MARGIN_MS	60000 /* before it expires; of a short life a tenth */
#define ASK_MS		75000 /* another bottle has the right to renew for a minute */
#define AGAIN_LATER_MS	5000  /* after a server in trouble */
#define AGAIN_MS	30000 /* after a refusal: the operator may log in anew */
#define REJECTED_MIN_MS 60000 /* a token this young is not renewed for a 401 */

int64_t oauth_wall_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

struct oauth *oauth_new(struct service *s)
{
	struct oauth *o = calloc(1, sizeof(*o));

	if (!o)
		return NULL;
	o->service = s;
	o->control = -1;
	return o;
}

void oauth_set_control(struct oauth *o, int control)
{
	o->control = control;
}

static void free_token(struct oauth_token *t)
{
	fetch_cancel(t->fetch);
	login_tokens_done(&t->now);
	login_tokens_done(&t->before);
	secret_done(&t->client_secret);
	rules_unref(t->rules);
	free(t);
}

void oauth_free(struct oauth *o)
{
	if (!o)
		return;
	for (struct oauth_token *next, *t = o->list; t; t = next) {
		next = t->next;
		free_token(t);
	}
	needles_free(o->needles);
	free(o);
}

const struct needles *oauth_needles(const struct oauth *o)
{
	return o ? o->needles : NULL;
}

/* ---- which token */

static bool same_text(const char *a, const char *b)
{
	return a == b || str_eq(a, b);
}

static bool same_auth(const struct policy_auth *a, const struct policy_auth *b)
{
	return a->scheme == b->scheme && a->grant == b->grant && same_text(a->slot, b->slot) &&
	       same_text(a->token_url, b->token_url) && same_text(a->client_id, b->client_id) &&
	       same_text(a->client_secret_slot, b->client_secret_slot) &&
	       same_text(a->scope, b->scope) && same_text(a->audience, b->audience) &&
	       same_text(a->provider, b->provider);
}

static struct oauth_token *find(const struct oauth *o, const struct policy_auth *auth)
{
	struct oauth_token *t = o->list;

	while (t && !same_auth(t->auth, auth))
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

static void adopt(struct oauth_token *t, struct login_tokens *fresh)
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
		adopt(t, &tokens);
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

static struct oauth_token *make(
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
	free_token(t);
	return NULL;
}

/* ---- the monitor */

static int tell_monitor(
	const struct oauth_token *t, unsigned int type, const struct secret *value, struct err *e)
{
	cleanup_secret struct secret body = {0};
	size_t name = strlen(t->auth->slot) + 1, len = value ? value->len : 0;
	char *text = malloc(name + len);
	int r;

	if (!text)
		return err_set(e, ENOMEM, "a message to the monitor");
	memcpy(text, t->auth->slot, name);
	if (len > 0)
		memcpy(text + name, value->bytes, len);
	/* TOKEN_ASK is the slot's name alone. */
	r = msg_send(t->all->control, type, text,
		type == COMPONENT_TOKEN_ASK ? name - 1 : name + len, NULL, 0, e);
	secret_wipe(text, name + len);
	free(text);
	return r;
}

/* Whether others renew what is in this slot, too. */
static bool is_shared(const struct oauth_token *t)
{
	return t->all->control >= 0 && t->auth->slot &&
	       (t->login || t->auth->grant == POLICY_REFRESH_TOKEN);
}

/* The right to renew goes back, with what came of it (NULL: nothing). */
static void hand_back(const struct oauth_token *t, const struct login_tokens *fresh)
{
	cleanup_secret struct secret text = {0};
	struct err e = {0};
	int r = 0;

	if (!is_shared(t))
		return;
	if (fresh && t->login)
		r = login_tokens_encode(fresh, &text, &e);
	else if (fresh && fresh->refresh.bytes)
		r = secret_set(&text, fresh->refresh.bytes, fresh->refresh.len, &e);
	if (r == 0)
		r = tell_monitor(t, COMPONENT_TOKEN, &text, &e);
	if (r < 0)
		journal_warn(t->all->service, "a renewed token is not kept: %s", e.msg);
}

/* ---- the renewal */

static void wake_all(const struct oauth *o)
{
	for (struct conn *c = o->service->conns; c; c = c->next)
		conn_wake(c);
}

static void settle(struct oauth_token *t)
{
	t->step = OAUTH_IDLE;
	t->fetch = NULL;
	wake_all(t->all);
}

static void fail(struct oauth_token *t, int64_t again_ms, const char *why)
{
	snprintf(t->why, sizeof(t->why), "%s", why);
	t->failed_until_ms = loop_now_ms(t->all->service->loop) + again_ms;
	/* What is about to expire is still good for a while. */
	t->usable = t->usable && (t->now.expires_ms == 0 || oauth_wall_ms() < t->now.expires_ms);
	journal_warn(t->all->service, "no new access token: %s", t->why);
	settle(t);
}

static void take_given(struct oauth_token *t, struct token_answer *a)
{
	struct login_tokens *fresh = &a->tokens;
	struct err e;

	if (a->expires_in_s >= 0)
		fresh->expires_ms = oauth_wall_ms() + a->expires_in_s * 1000;
	else if (t->login)
		fresh->expires_ms = login_token_expires(&fresh->access);
	hand_back(t, fresh);
	/* What was not given anew stays. */
	if (!fresh->refresh.bytes) {
		fresh->refresh = t->now.refresh;
		t->now.refresh = (struct secret){0};
	}
	adopt(t, fresh);
	t->of_file = false;
	if (oauth_learn(t->all, &e) < 0) {
		t->usable = false;
		fail(t, AGAIN_LATER_MS, e.msg);
		return;
	}
	t->failed_until_ms = 0;
	settle(t);
}

static void ask(struct oauth_token *t);
static void begin_fetch(struct oauth_token *t);

/* Whether there is another way: the client's secret in the body, the newest refresh token. */
static bool try_otherwise(struct oauth_token *t, const struct token_answer *a)
{
	if (t->once_more || a->verdict != TOKEN_REFUSED)
		return false;
	if (strstr(a->why, " invalid_client:") && t->client_secret.bytes && !t->in_body) {
		t->once_more = t->in_body = true;
		begin_fetch(t);
		return true;
	}
	/* A program of the operator's may have used it in the same moment. */
	if (!is_shared(t))
		return false;
	t->once_more = true;
	snprintf(t->why, sizeof(t->why), "%.190s %s", t->to.host, a->why);
	hand_back(t, NULL);
	ask(t);
	return true;
}

static void fetched(void *arg, const struct fetch_answer *answer)
{
	struct oauth_token *t = arg;
	cleanup_token_answer struct token_answer a = {0};
	char why[400];

	t->fetch = NULL;
	if (answer->status == 0) {
		hand_back(t, NULL);
		snprintf(why, sizeof(why), "%s: %s", t->to.host, answer->why);
		fail(t, AGAIN_LATER_MS, why);
		return;
	}
	token_answer_read(answer->status, answer->body, answer->len, &a);
	if (a.verdict == TOKEN_GIVEN) {
		take_given(t, &a);
		return;
	}
	if (try_otherwise(t, &a))
		return;
	hand_back(t, NULL);
	snprintf(why, sizeof(why), "%.190s %s", t->to.host, a.why);
	fail(t, a.verdict == TOKEN_LATER ? AGAIN_LATER_MS : AGAIN_MS, why);
}

/* The route of the token endpoint's own host, if it has one, else that which wants the token. */
static struct rule *way_of(const struct oauth_token *t)
{
	struct rule *own = rules_find(t->rules, t->to.host, t->to.port);

	return own && !rule_route(own)->tcp ? own : t->rule;
}

static void begin_fetch(struct oauth_token *t)
{
	cleanup_oauth_grant struct oauth_grant g = {{0}};
	const struct fetch_done done = {.fn = fetched, .arg = t};
	struct err e = {0};

	if (oauth_grant_make(t, &g, &e) == 0) {
		const struct fetch_request q = {.to = t->to,
			.rules = t->rules,
			.rule = way_of(t),
			.type = g.type,
			.fields = g.fields.bytes ? g.fields.bytes : "",
			.body = g.body.bytes,
			.len = g.body.len};

		t->fetch = fetch_start(t->all->service, &q, &done);
	}
	if (t->fetch) {
		t->step = OAUTH_FETCHING;
		return;
	}
	hand_back(t, NULL);
	fail(t, AGAIN_LATER_MS, e.code ? e.msg : "memory ran out");
}

static void ask(struct oauth_token *t)
{
	struct err e;

	t->step = OAUTH_ASKING;
	t->deadline_ms = loop_now_ms(t->all->service->loop) + ASK_MS;
	loop_want_ticks(t->all->service->loop);
	if (tell_monitor(t, COMPONENT_TOKEN_ASK, NULL, &e) < 0)
		fail(t, AGAIN_LATER_MS, e.msg);
}

static void renew(struct oauth_token *t)
{
	t->once_more = false;
	if (is_shared(t))
		ask(t);
	else
		begin_fetch(t);
}

static bool differs(const struct secret *a, const struct secret *b)
{
	return a->len != b->len || (a->len > 0 && !secret_equal(a->bytes, b->bytes, a->len));
}

/* What stands in the slot now. Whether it is something new. */
static int take_newest(struct oauth_token *t, const struct secret *value, struct err *e)
{
	cleanup_login_tokens struct login_tokens newest = {0};
	int r, news;

	if (t->login) {
		r = login_read(t->login, value, &newest, e);
	} else {
		r = login_token_check("refresh token", value->bytes, value->len, e);
		if (r == 0)
			r = secret_set(&newest.refresh, value->bytes, value->len, e);
	}
	if (r < 0)
		return r;
	news = differs(&newest.refresh, &t->now.refresh) ||
	       (t->login && differs(&newest.access, &t->now.access));
	if (!news)
		return 0;
	if (t->login) {
		adopt(t, &newest);
		t->of_file = true;
	} else {
		secret_done(&t->now.refresh);
		t->now.refresh = newest.refresh;
		newest.refresh = (struct secret){0};
	}
	r = oauth_learn(t->all, e);
	return r < 0 ? r : 1;
}

static void go_on(struct oauth_token *t, const struct secret *value)
{
	struct err e = {0};
	char why[sizeof(t->why)];
	int r = take_newest(t, value, &e);

	if (r < 0) {
		hand_back(t, NULL);
		fail(t, AGAIN_MS, e.msg);
	} else if (r > 0 && t->login && t->usable && oauth_wall_ms() < t->renew_ms) {
		/* Another has renewed it. */
		hand_back(t, NULL);
		t->failed_until_ms = 0;
		settle(t);
	} else if (r == 0 && t->once_more) {
		hand_back(t, NULL);
		snprintf(why, sizeof(why), "%s", t->why);
		fail(t, AGAIN_MS, why);
	} else if (!t->now.refresh.bytes) {
		hand_back(t, NULL);
		fail(t, AGAIN_MS, "the login has expired and holds no refresh token: log in anew");
	} else {
		begin_fetch(t);
	}
}

int oauth_token_now(struct oauth *o, const char *body, size_t len, struct err *e)
{
	size_t name = strnlen(body, len);
	cleanup_secret struct secret value = {0};

	if (name == len)
		return err_say(e, EPROTO, "a token without its slot's name");
	if (secret_set(&value, body + name + 1, len - name - 1, e) < 0)
		return -e->code;
	for (struct oauth_token *t = o->list; t; t = t->next) {
		if (t->step != OAUTH_ASKING || !str_eq(t->auth->slot, body))
			continue;
		go_on(t, &value);
		return 0;
	}
	/* It came too late, or for what a reload has taken away. */
	return 0;
}

/* ---- those who want one */

static enum oauth_state refuse(const char *host, const char *what, struct refusal *why)
{
	refusal_set(why, 502, "no_access_token", "auth: oauth",
		"the proxy has no access token for %s: %s", host, what);
	why->how = "the operator must mend or renew the bottle's login";
	return OAUTH_FAILED;
}

static bool is_good(const struct oauth_token *t)
{
	return t->usable && (t->renew_ms == 0 || oauth_wall_ms() < t->renew_ms);
}

enum oauth_state oauth_need(struct oauth *o, struct rules *rules, struct rule *rule,
	struct oauth_ticket *ret, struct refusal *why)
{
	const struct policy_route *route = rule_route(rule);
	struct oauth_token *t = find(o, &route->auth);
	struct err e;

	if (!t)
		t = make(o, rules, rule, &e);
	if (!t)
		return refuse(route->host, e.msg, why);
	if (t->step == OAUTH_IDLE && !is_good(t) &&
		loop_now_ms(o->service->loop) >= t->failed_until_ms)
		renew(t);
	if (t->step != OAUTH_IDLE)
		return OAUTH_WAIT;
	if (!t->usable)
		return refuse(route->host, t->why, why);
	*ret = (struct oauth_ticket){.access = &t->now.access, .generation = t->generation};
	return OAUTH_READY;
}

bool oauth_rejected(struct oauth *o, const struct policy_auth *auth, unsigned int generation)
{
	struct oauth_token *t = find(o, auth);
	int64_t now = loop_now_ms(o->service->loop);

	if (!t || (t->login && !t->now.refresh.bytes && t->generation == generation))
		return false;
	if (t->generation != generation || t->step != OAUTH_IDLE)
		return true;
	/* A token that was just got is refused for another reason. One that stood in a file may be
	 * old. */
	if (!t->of_file && now - t->renewed_ms < REJECTED_MIN_MS)
		return false;
	if (now < t->failed_until_ms)
		return false;
	t->usable = false;
	return true;
}

void oauth_rebind(struct oauth *o, struct rules *rules)
{
	struct oauth_token **at = &o->list, *t;
	const struct policy_egress *p = rules_policy(rules);

	while ((t = *at)) {
		struct rule *rule = NULL;

		for (size_t i = 0; !rule && i < p->n_routes; i++)
			if (same_auth(&p->routes[i].auth, t->auth))
				rule = rules_find(rules, p->routes[i].host,
					p->routes[i].port ? p->routes[i].port : 443);
		if (!rule || !same_auth(&rule_route(rule)->auth, t->auth)) {
			*at = t->next;
			if (t->step != OAUTH_IDLE)
				hand_back(t, NULL);
			free_token(t);
			continue;
		}
		rules_ref(rules);
		rules_unref(t->rules);
		t->rules = rules;
		t->rule = rule;
		t->auth = &rule_route(rule)->auth;
		at = &t->next;
	}
}

bool oauth_tick(struct oauth *o)
{
	bool busy = false;

	for (struct oauth_token *t = o->list; t; t = t->next) {
		if (t->fetch)
			fetch_tick(t->fetch);
		else if (t->step == OAUTH_ASKING && loop_now_ms(o->service->loop) >= t->deadline_ms)
			fail(t, AGAIN_LATER_MS, "the monitor did not answer");
		busy |= t->step != OAUTH_IDLE;
	}
	return busy;
}
