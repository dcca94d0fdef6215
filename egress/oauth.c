#include "egress/oauth.h"

#include <stdlib.h>
#include <time.h>

#include "egress/needles.h"
#include "egress/oauth_parts.h"

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

void oauth_free(struct oauth *o)
{
	if (!o)
		return;
	for (struct oauth_token *next, *t = o->list; t; t = next) {
		next = t->next;
		oauth_token_free(t);
	}
	needles_free(o->needles);
	free(o);
}

const struct needles *oauth_needles(const struct oauth *o)
{
	return o ? o->needles : NULL;
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
	struct oauth_token *t = oauth_token_find(o, &route->auth);
	struct err e;

	if (!t)
		t = oauth_token_make(o, rules, rule, &e);
	if (!t)
		return refuse(route->host, e.msg, why);
	if (t->step == OAUTH_IDLE && !is_good(t) &&
		loop_now_ms(o->service->loop) >= t->failed_until_ms)
		oauth_renew(t);
	if (t->step != OAUTH_IDLE)
		return OAUTH_WAIT;
	if (!t->usable)
		return refuse(route->host, t->why, why);
	*ret = (struct oauth_ticket){.access = &t->now.access, .generation = t->generation};
	return OAUTH_READY;
}

bool oauth_rejected(struct oauth *o, const struct policy_auth *auth, unsigned int generation)
{
	struct oauth_token *t = oauth_token_find(o, auth);
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
			if (oauth_same_auth(&p->routes[i].auth, t->auth))
				rule = rules_find(rules, p->routes[i].host,
					p->routes[i].port ? p->routes[i].port : 443);
		if (!rule || !oauth_same_auth(&rule_route(rule)->auth, t->auth)) {
			*at = t->next;
			if (t->step != OAUTH_IDLE)
				oauth_hand_back(t, NULL);
			oauth_token_free(t);
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
			oauth_fail(t, AGAIN_LATER_MS, "the monitor did not answer");
		busy |= t->step != OAUTH_IDLE;
	}
	return busy;
}
