#include <errno.h>
#include <string.h>
#include <strings.h>

#include "base/str.h"
#include "egress/outgoing.h"
#include "egress/sigv4.h"

/*
 * What a route's `require` demands: whoever has not the placeholder in the place where the scheme
 * puts the value has another credential, or none, and an attacker's own key for an allowed host is
 * of no use. And what a scheme cannot work with.
 */

/* A body that is too long to be held is looked into so far. */
static bool needs_body(const struct policy_auth *a)
{
	return a->scheme == POLICY_AUTH_SWAP && (a->places & POLICY_IN_BODY);
}

/* ---- require */

static bool field_has_placeholder(const struct outgoing_request *q, const char *name)
{
	const struct policy_auth *a = q->credential->auth;
	size_t n, prefix = a->prefix ? strlen(a->prefix) : 0;
	const char *value = http1_field(q->head, name, &n);

	if (n != 1)
		return false;
	if (prefix > 0 && strncasecmp(value, a->prefix, prefix) == 0)
		value += prefix + strspn(value + prefix, " ");
	return str_eq(value, a->placeholder) ||
	       (strcasecmp(name, "Authorization") == 0 &&
		       credential_authorization_is(value, a->placeholder));
}

/* The one parameter of that name, however it is spelt. */
static bool param_has_placeholder(const struct outgoing_request *q)
{
	const struct policy_auth *a = q->credential->auth;
	char *at = q->target->text + q->target->path_len;
	struct query_param p;
	unsigned int n = 0;
	bool right = false;

	at += *at == '?';
	while (query_next(&at, &p)) {
		if (!query_names(&p, a->name))
			continue;
		n++;
		right = query_is(&p, a->placeholder);
	}
	return n == 1 && right;
}

static bool has_placeholder(const struct outgoing_request *q)
{
	const struct credential *c = q->credential;

	switch (c->auth->scheme) {
	case POLICY_AUTH_QUERY:
		return param_has_placeholder(q);
	case POLICY_AUTH_SWAP:
		return outgoing_count(q) > 0;
	case POLICY_AUTH_SIGV4:
		return sigv4_is_by(q, c->auth->placeholder);
	default:
		return field_has_placeholder(q, credential_field_name(c));
	}
}

static const char *place_of(const struct credential *c)
{
	switch (c->auth->scheme) {
	case POLICY_AUTH_QUERY:
		return "as the one value of the query's parameter";
	case POLICY_AUTH_SWAP:
		return "in a place where it is swapped";
	case POLICY_AUTH_SIGV4:
		return "as the access key id of its AWS signature";
	default:
		return "as the one value of the header";
	}
}

static int refuse(const struct outgoing_request *q, struct refusal *why)
{
	const struct credential *c = q->credential;
	const char *name = c->auth->scheme == POLICY_AUTH_SIGV4 ? NULL
			   : credential_param_name(c)		? credential_param_name(c)
								: credential_field_name(c);

	refusal_set(why, 403, "placeholder_required", "auth: require",
		"a request to %s must carry this bottle's placeholder %s%s%s; no other credential "
		"is sent there",
		q->host, place_of(c), name ? " " : "", name ? name : "");
	why->how = "use the placeholder that the bottle's environment has for this host; the "
		   "real value is put in on the way";
	return -EACCES;
}

static int check_placeholder(const struct outgoing_request *q, struct refusal *why)
{
	if (!q->credential->auth->require || has_placeholder(q))
		return 0;
	return refuse(q, why);
}

/* ---- when */

static bool drops_param(const void *credential, const struct query_param *p)
{
	return credential_drops_param(credential, p);
}

static void strip_query(const struct credential *c, struct target *t)
{
	char *query = t->text + t->path_len;

	if (*query != '?')
		return;
	if (query_drop(query + 1, drops_param, c) && query[1] == '\0')
		*query = '\0';
}

int outgoing_admit(const struct outgoing_request *q, struct target *target, struct refusal *why)
{
	const struct credential *c = q->credential;

	if (!needs_body(c->auth) && check_placeholder(q, why) < 0)
		return -EACCES;
	if (c->auth->scheme == POLICY_AUTH_SIGV4 && sigv4_check(q, why) < 0)
		return -EACCES;
	strip_query(c, target);
	return 0;
}

bool outgoing_wants_body(const struct outgoing_request *q)
{
	return q->length->framing != HTTP1_NO_BODY &&
	       (needs_body(q->credential->auth) || sigv4_wants_body(q));
}

int outgoing_check(const struct outgoing_request *q, struct refusal *why)
{
	const struct credential *c = q->credential;
	struct outgoing o;
	int r;

	if (!credential_gives(c))
		return 0;
	if (needs_body(c->auth) && check_placeholder(q, why) < 0)
		return -EACCES;
	if (c->auth->scheme == POLICY_AUTH_SWAP && outgoing_count(q) > SWAPS_MAX)
		return refusal_set(why, 403, "placeholders", "auth: swap",
			"the placeholder stands in more than %d places of the request", SWAPS_MAX);
	r = outgoing_make(q, &o, why);
	outgoing_done(&o);
	if (r == -ENOMEM)
		refusal_set(why, 503, "busy", "bounds of memory", "no memory for a request");
	return r < 0 ? -EACCES : 0;
}
