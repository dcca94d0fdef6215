#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/msg.h"
#include "base/str.h"
#include "egress/conn.h"
#include "egress/journal.h"
#include "egress/oauth_parts.h"
#include "egress/token_answer.h"

/* A token's renewal: the monitor is asked, the token endpoint, and the monitor told. */

#define ASK_MS	 75000 /* another bottle has the right to renew for a minute */
#define AGAIN_MS 30000 /* after a refusal: the operator may log in anew */

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
void oauth_hand_back(const struct oauth_token *t, const struct login_tokens *fresh)
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

void oauth_fail(struct oauth_token *t, int64_t again_ms, const char *why)
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
	oauth_hand_back(t, fresh);
	/* What was not given anew stays. */
	if (!fresh->refresh.bytes) {
		fresh->refresh = t->now.refresh;
		t->now.refresh = (struct secret){0};
	}
	oauth_token_adopt(t, fresh);
	t->of_file = false;
	if (oauth_learn(t->all, &e) < 0) {
		t->usable = false;
		oauth_fail(t, AGAIN_LATER_MS, e.msg);
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
	oauth_hand_back(t, NULL);
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
		oauth_hand_back(t, NULL);
		snprintf(why, sizeof(why), "%s: %s", t->to.host, answer->why);
		oauth_fail(t, AGAIN_LATER_MS, why);
		return;
	}
	token_answer_read(answer->status, answer->body, answer->len, &a);
	if (a.verdict == TOKEN_GIVEN) {
		take_given(t, &a);
		return;
	}
	if (try_otherwise(t, &a))
		return;
	oauth_hand_back(t, NULL);
	snprintf(why, sizeof(why), "%.190s %s", t->to.host, a.why);
	oauth_fail(t, a.verdict == TOKEN_LATER ? AGAIN_LATER_MS : AGAIN_MS, why);
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
	oauth_hand_back(t, NULL);
	oauth_fail(t, AGAIN_LATER_MS, e.code ? e.msg : "memory ran out");
}

static void ask(struct oauth_token *t)
{
	struct err e;

	t->step = OAUTH_ASKING;
	t->deadline_ms = loop_now_ms(t->all->service->loop) + ASK_MS;
	loop_want_ticks(t->all->service->loop);
	if (tell_monitor(t, COMPONENT_TOKEN_ASK, NULL, &e) < 0)
		oauth_fail(t, AGAIN_LATER_MS, e.msg);
}

void oauth_renew(struct oauth_token *t)
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
		oauth_token_adopt(t, &newest);
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
		oauth_hand_back(t, NULL);
		oauth_fail(t, AGAIN_MS, e.msg);
	} else if (r > 0 && t->login && t->usable && oauth_wall_ms() < t->renew_ms) {
		/* Another has renewed it. */
		oauth_hand_back(t, NULL);
		t->failed_until_ms = 0;
		settle(t);
	} else if (r == 0 && t->once_more) {
		oauth_hand_back(t, NULL);
		snprintf(why, sizeof(why), "%s", t->why);
		oauth_fail(t, AGAIN_MS, why);
	} else if (!t->now.refresh.bytes) {
		oauth_hand_back(t, NULL);
		oauth_fail(t, AGAIN_MS,
			"the login has expired and holds no refresh token: log in anew");
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
