#include "egress/rules.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "base/str.h"
#include "egress/credential.h"
#include "egress/git_request.h"
#include "egress/matching.h"
#include "egress/needles.h"
#include "egress/oauth.h"
#include "egress/sigv4.h"

#define WARNINGS_A_MINUTE 10

struct rule {
	const struct policy_route *route;
	struct matching *matching;
	struct credential *credential;
	int64_t skew_s; /* of the upstream's clock, where signatures need it */
	SSL_CTX *tls;
	struct secret tls_key; /* of route->tls_cert; bytes NULL: none */
	struct sessions sessions;
	struct limits limits;
	struct limit_bucket bucket;
	int64_t connections;	    /* to its upstreams */
	struct scan_window *window; /* NULL: nothing was sent yet */
	int64_t warned_ms;	    /* beginning of the present minute */
	size_t warned, left_out;    /* … and lines in it */
};

struct rules {
	int refs;
	struct policy_egress policy;
	struct rule *list;	   /* as many as policy.n_routes */
	struct needles *needles;   /* of all credentials */
	const struct oauth *oauth; /* tokens that come and go; NULL: none */
	struct proxy *proxy;	   /* NULL: upstreams are reached directly */
	struct limits limits;	   /* of the bottle */
	struct limit_bucket bucket;
};

static bool port_fits(const struct policy_route *route, uint16_t port)
{
	return route->port ? port == route->port : port == 443 || port == 80;
}

/* Who we are to an upstream that asks: found wrong here, and not by the first request. */
static int init_client(struct rule *r, const struct component_boot *boot, struct err *e)
{
	const struct policy_route *route = r->route;
	const struct secret *key;

	if (!route->tls_cert && !route->tls_key_slot)
		return 0;
	if (!route->tls_cert || !route->tls_key_slot)
		return err_say(e, EINVAL, "tls: client_cert and client_key only together");
	key = component_secret(boot, route->tls_key_slot);
	if (!key)
		return err_say(e, EINVAL, "its client_key was not handed over");
	if (secret_set(&r->tls_key, key->bytes, key->len, e) < 0)
		return -e->code;
	return trust_check_client(route->tls_cert, &r->tls_key, e);
}

static int init_credential(
	struct rule *r, const struct component_boot *boot, struct needles *needles, struct err *e)
{
	if (credential_new(&r->route->auth, boot, &r->credential, e) < 0)
		return -e->code;
	return credential_add_needles(r->credential, needles) < 0
		       ? err_set(e, ENOMEM, "a credential")
		       : 0;
}

/* What passes unread is named exactly, and nothing is promised of it that needs reading. */
static int check_tcp(const struct policy_route *route, const struct rules *all, struct err *e)
{
	if (!route->tcp)
		return 0;
	if (!route->port || route->host[0] == '*')
		return err_say(e, EINVAL, "tcp: needs one host and one port");
	if (route->auth.scheme != POLICY_AUTH_NONE || route->n_matches > 0 || route->n_deny > 0 ||
		route->git_fetch || route->tls_ca || route->tls_cert)
		return err_say(e, EINVAL,
			"tcp: its bytes pass unread: no auth, matches, deny, git or tls");
	for (size_t i = 0; i < all->policy.n_routes; i++) {
		const struct policy_route *other = &all->policy.routes[i];

		if (other != route && strcmp(other->host, route->host) == 0 &&
			port_fits(other, route->port))
			return err_say(e, EINVAL,
				"tcp: another route has the same host and port %u", route->port);
	}
	return 0;
}

static int rule_init(struct rule *r, const struct policy_route *route, const struct rules *all,
	const struct component_boot *boot, struct err *e)
{
	int result;

	r->route = route;
	r->limits = all->limits;
	result = check_tcp(route, all, e);
	if (result == 0)
		result = limits_choose_route(&r->limits, route, e);
	if (result == 0)
		result = matching_new(route, &r->matching, e);
	if (result == 0)
		result = init_client(r, boot, e);
	return result < 0 ? result : init_credential(r, boot, all->needles, e);
}

static void rule_done(struct rule *r)
{
	matching_free(r->matching);
	secret_done(&r->tls_key);
	credential_free(r->credential);
	sessions_done(&r->sessions);
	scan_window_free(r->window);
	SSL_CTX_free(r->tls);
}

int rules_new(
	const char *json, const struct component_boot *boot, struct rules **ret, struct err *e)
{
	struct rules *r = calloc(1, sizeof(*r));
	int result;

	if (!r)
		return err_set(e, ENOMEM, "the policy");
	r->refs = 1;
	limits_default(&r->limits);
	result = policy_egress_parse(json, &r->policy, e);
	if (result == 0)
		result = limits_choose(&r->limits, &r->policy.limits, e);
	if (result == 0) {
		r->list = calloc(r->policy.n_routes + 1, sizeof(*r->list));
		r->needles = needles_new();
		if (!r->list || !r->needles)
			result = err_set(e, ENOMEM, "the policy");
	}
	if (result == 0 && r->policy.proxy.url)
		result = proxy_new(&r->policy.proxy, boot, &r->proxy, e);
	for (size_t i = 0; result == 0 && i < r->policy.n_routes; i++) {
		result = rule_init(&r->list[i], &r->policy.routes[i], r, boot, e);
		if (result < 0)
			err_wrap(e, "route %s", r->policy.routes[i].host);
	}
	if (result == 0 && needles_compile(r->needles) < 0)
		result = err_set(e, ENOMEM, "the policy");
	if (result < 0) {
		rules_unref(r);
		return result;
	}
	*ret = r;
	return 0;
}

struct rules *rules_ref(struct rules *r)
{
	r->refs++;
	return r;
}

void rules_unref(struct rules *r)
{
	if (!r || --r->refs > 0)
		return;
	for (size_t i = 0; r->list && i < r->policy.n_routes; i++)
		if (r->list[i].route)
			rule_done(&r->list[i]);
	free(r->list);
	needles_free(r->needles);
	proxy_free(r->proxy);
	policy_egress_done(&r->policy);
	free(r);
}

const struct policy_egress *rules_policy(const struct rules *r)
{
	return &r->policy;
}

struct proxy *rules_proxy(const struct rules *r, const char *host)
{
	return r->proxy && proxy_serves(r->proxy, host) ? r->proxy : NULL;
}

const struct policy_route *rule_route(const struct rule *r)
{
	return r->route;
}

const struct credential *rule_credential(const struct rule *r)
{
	return r->credential;
}

int rule_renew(struct rule *r, const struct secret *token, unsigned int generation, struct err *e)
{
	return credential_renew(r->credential, token, generation, e);
}

void rules_set_oauth(struct rules *r, const struct oauth *o)
{
	r->oauth = o;
}

static struct rule *nearest(const struct rules *r, const char *host, uint16_t port)
{
	struct rule *best = NULL;
	size_t best_fit = 0;

	for (size_t i = 0; i < r->policy.n_routes; i++) {
		const struct policy_route *route = &r->policy.routes[i];
		size_t fit = host_fit(route->host, host);

		if (port_fits(route, port) && fit > best_fit) {
			best = &r->list[i];
			best_fit = fit;
		}
	}
	return best;
}

struct rule *rules_find(const struct rules *r, const char *host, uint16_t port)
{
	struct rule *rule = nearest(r, host, port);

	return rule && !rule->route->tcp ? rule : NULL;
}

struct rule *rules_find_tcp(const struct rules *r, const char *host, uint16_t port)
{
	struct rule *rule = nearest(r, host, port);

	return rule && rule->route->tcp ? rule : NULL;
}

int rule_check(const struct rule *r, const struct rule_request *q, struct refusal *why)
{
	if (!q->tls && credential_gives(r->credential))
		return refusal_set(why, 403, "plain_http", "auth: only over TLS",
			"the route for %s has a credential, which never goes over plain HTTP: use "
			"https",
			q->host);
	if (git_request_check(r->route, q, why) < 0)
		return -EACCES;
	return matching_check(r->matching, q, q->ret_entry, why);
}

int64_t rule_now(const struct rule *r)
{
	return time(NULL) + r->skew_s;
}

void rule_learn_clock(struct rule *r, const struct http1_head *response)
{
	if (r->route->auth.scheme == POLICY_AUTH_SIGV4)
		(void)sigv4_skew(response, time(NULL), &r->skew_s);
}

int rule_check_address(const struct rule *r, const struct address *a, struct refusal *why)
{
	const char *special = address_special(a);
	char text[INET6_ADDRSTRLEN];

	if (!special)
		return 0;
	for (char **c = r->route->addresses; c && *c && !address_is_bottle(a); c++)
		if (address_in_cidr(a, *c))
			return 0;
	return refusal_set(why, 403, "address_not_allowed", "upstream addresses",
		"the name resolves to %s, a %s address, which its route does not name under "
		"addresses",
		address_text(a, text, sizeof(text)), special);
}

int rule_tls(struct rule *r, struct trust *trust, trust_keep_fn *keep, SSL_CTX **ret, struct err *e)
{
	const struct trust_want want = {.tls_ca = r->route->tls_ca,
		.tls_cert = r->route->tls_cert,
		.tls_key = r->tls_key.bytes ? &r->tls_key : NULL,
		.keep = keep};
	int result = r->tls ? 0 : trust_context(trust, &want, &r->tls, e);

	*ret = r->tls;
	return result;
}

const struct limits *rules_limits(const struct rules *r)
{
	return &r->limits;
}

const struct limits *rule_limits(const struct rule *r)
{
	return &r->limits;
}

int rule_admit(struct rules *all, struct rule *r, int64_t now_ms, struct refusal *why)
{
	int64_t route = r->limits.of[LIMIT_ROUTE_REQUESTS_PER_SECOND];
	int64_t bottle = all->limits.of[LIMIT_REQUESTS_PER_SECOND];
	int wait = limit_bucket_take(&r->bucket, route, now_ms);

	if (wait > 0) {
		why->retry_after_s = wait;
		return refusal_set(why, 429, "too_many_requests", "limits: requests_per_second",
			"more than %lld requests a second to %s", (long long)route, r->route->host);
	}
	wait = limit_bucket_take(&all->bucket, bottle, now_ms);
	if (wait == 0)
		return 0;
	why->retry_after_s = wait;
	return refusal_set(why, 429, "too_many_requests", "limits: requests_per_second",
		"more than %lld requests a second from this bottle", (long long)bottle);
}

bool rule_may_connect(const struct rule *r)
{
	return r->connections < r->limits.of[LIMIT_ROUTE_CONNECTIONS];
}

int rule_connect(struct rule *r, struct refusal *why)
{
	int64_t most = r->limits.of[LIMIT_ROUTE_CONNECTIONS];

	if (!rule_may_connect(r)) {
		why->retry_after_s = 1;
		return refusal_set(why, 503, "too_many_connections", "limits: connections",
			"%lld connections to %s are open, which is all its route allows",
			(long long)most, r->route->host);
	}
	r->connections++;
	return 0;
}

void rule_disconnect(struct rule *r)
{
	r->connections--;
}

struct sessions *rule_sessions(struct rule *r)
{
	return &r->sessions;
}

struct scan_window *rule_window(struct rule *r)
{
	if (!r->window)
		r->window = scan_window_new();
	return r->window;
}

bool rule_may_warn(struct rule *r, int64_t now_ms, size_t *ret_left_out)
{
	if (r->warned == 0 || now_ms - r->warned_ms >= 60000) {
		*ret_left_out = r->left_out;
		r->warned_ms = now_ms;
		r->warned = r->left_out = 0;
	} else if (r->warned >= WARNINGS_A_MINUTE) {
		r->left_out++;
		return false;
	} else {
		*ret_left_out = 0;
	}
	r->warned++;
	return true;
}

const struct needles *rule_needles(const struct rules *r, const struct rule *rule)
{
	if (oauth_is_for(&rule->route->auth))
		return oauth_needles(r->oauth);
	return credential_travels(rule->credential) ? r->needles : NULL;
}

static void star(const struct rules *r, char *text, size_t len)
{
	const struct needles *tokens = oauth_needles(r->oauth);
	uint32_t state = 0;

	needles_star(r->needles, &state, (unsigned char *)text, 0, len);
	state = 0;
	if (tokens)
		needles_star(tokens, &state, (unsigned char *)text, 0, len);
}

void rules_redact(const struct rules *r, char *text)
{
	star(r, text, strlen(text));
}

void rules_redact_head(const struct rules *r, struct http1_head *head)
{
	/* Reason and fields are strings inside the head's own text. */
	star(r, head->text, head->size);
}
