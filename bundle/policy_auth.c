#include "bundle/policy_auth.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <strings.h>

#include "base/ptr.h"
#include "base/str.h"

static const char *const names[] = {
	[POLICY_AUTH_BEARER] = "Bearer",
	[POLICY_AUTH_TOKEN] = "token",
	[POLICY_AUTH_BASIC] = "basic",
	[POLICY_AUTH_HEADER] = "header",
	[POLICY_AUTH_QUERY] = "query",
	[POLICY_AUTH_SWAP] = "swap",
	[POLICY_AUTH_SIGV4] = "sigv4",
	[POLICY_AUTH_OAUTH] = "oauth",
	[POLICY_AUTH_LOGIN] = "login",
};

static const char *const grants[] = {
	[POLICY_CLIENT_CREDENTIALS] = "client_credentials",
	[POLICY_REFRESH_TOKEN] = "refresh_token",
};

static const struct {
	const char *name;
	enum policy_place place;
} places[] = {
	{"header", POLICY_IN_HEADER},
	{"path", POLICY_IN_PATH},
	{"query", POLICY_IN_QUERY},
	{"body", POLICY_IN_BODY},
};

/* The members that are strings. */
static const struct text {
	const char *name;
	size_t at;	/* of the char * in struct policy_auth */
	bool for_agent; /* it names no secret */
} texts[] = {
	{"auth_slot", offsetof(struct policy_auth, slot), false},
	{"token_ref", offsetof(struct policy_auth, token_ref), false},
	{"name", offsetof(struct policy_auth, name), true},
	{"prefix", offsetof(struct policy_auth, prefix), true},
	{"placeholder", offsetof(struct policy_auth, placeholder), true},
	{"region", offsetof(struct policy_auth, region), true},
	{"service", offsetof(struct policy_auth, service), true},
	{"access_key_slot", offsetof(struct policy_auth, access_key_slot), false},
	{"session_slot", offsetof(struct policy_auth, session_slot), false},
	{"token_url", offsetof(struct policy_auth, token_url), false},
	{"client_id", offsetof(struct policy_auth, client_id), false},
	{"client_secret_slot", offsetof(struct policy_auth, client_secret_slot), false},
	{"scope", offsetof(struct policy_auth, scope), false},
	{"audience", offsetof(struct policy_auth, audience), false},
	{"provider", offsetof(struct policy_auth, provider), true},
};

static char **text_of(const struct policy_auth *a, size_t i)
{
	return (char **)((char *)(uintptr_t)a + texts[i].at);
}

const char *policy_auth_name(enum policy_auth_scheme scheme)
{
	return (size_t)scheme < ARRAY_LEN(names) ? names[scheme] : NULL;
}

bool policy_auth_parse(const char *name, enum policy_auth_scheme *ret)
{
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		if (names[i] && strcasecmp(names[i], name) == 0) {
			*ret = (enum policy_auth_scheme)i;
			return true;
		}
	}
	return false;
}

unsigned int policy_place_parse(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(places); i++)
		if (str_eq(places[i].name, name))
			return places[i].place;
	return 0;
}

bool policy_grant_parse(const char *name, enum policy_grant *ret)
{
	for (size_t i = 0; i < ARRAY_LEN(grants); i++) {
		if (str_eq(grants[i], name)) {
			*ret = (enum policy_grant)i;
			return true;
		}
	}
	return false;
}

void policy_auth_done(struct policy_auth *a)
{
	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		free(*text_of(a, i));
	free(a->file);
	*a = (struct policy_auth){0};
}

static json_t *places_to_json(unsigned int set)
{
	cleanup_json json_t *list = json_array();

	for (size_t i = 0; list && i < ARRAY_LEN(places); i++)
		if ((set & places[i].place) &&
			json_array_append_new(list, json_string(places[i].name)) < 0)
			return NULL;
	return steal_ptr(&list);
}

/* What both the policy's JSON and the agent's list hold. */
static int put(const struct policy_auth *a, bool for_agent, json_t *route)
{
	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		if (*text_of(a, i) && (texts[i].for_agent || !for_agent) &&
			json_object_set_new(route, texts[i].name, json_string(*text_of(a, i))) < 0)
			return -ENOMEM;
	if (policy_auth_name(a->scheme) && json_object_set_new(route, "auth_scheme",
						   json_string(policy_auth_name(a->scheme))) < 0)
		return -ENOMEM;
	if (a->places && json_object_set_new(route, "places", places_to_json(a->places)) < 0)
		return -ENOMEM;
	if (a->require && json_object_set_new(route, "require", json_true()) < 0)
		return -ENOMEM;
	return 0;
}

int policy_auth_to_json(const struct policy_auth *a, json_t *route)
{
	if (put(a, false, route) < 0 || json_object_set_new(route, "auth_pass",
						json_boolean(a->scheme == POLICY_AUTH_PASS)) < 0)
		return -ENOMEM;
	if (a->scheme == POLICY_AUTH_OAUTH &&
		json_object_set_new(route, "grant", json_string(grants[a->grant])) < 0)
		return -ENOMEM;
	return 0;
}

int policy_auth_for_agent(const struct policy_auth *a, json_t *route)
{
	if (put(a, true, route) < 0)
		return -ENOMEM;
	if (a->scheme == POLICY_AUTH_PASS &&
		json_object_set_new(route, "auth", json_string("pass")) < 0)
		return -ENOMEM;
	return 0;
}

static int read_places(const struct json_at *route, unsigned int *ret, struct err *e)
{
	cleanup_strv char **words = NULL;
	int r = json_get_strv(route, "places", &words, e);

	for (size_t i = 0; r > 0 && words && words[i]; i++) {
		unsigned int place = policy_place_parse(words[i]);

		if (!place)
			return json_err(route, EINVAL, e,
				"places: '%s' is none of " POLICY_PLACE_WORDS, words[i]);
		*ret |= place;
	}
	return r < 0 ? r : 0;
}

static int read_words(const struct json_at *route, struct policy_auth *ret, struct err *e)
{
	cleanup_free char *scheme = NULL, *grant = NULL;
	bool pass = false;

	if (json_get_str(route, "auth_scheme", &scheme, e) < 0 ||
		json_get_str(route, "grant", &grant, e) < 0 ||
		json_get_bool(route, "auth_pass", &pass, e) < 0)
		return -e->code;
	if (pass && (scheme || ret->slot))
		return json_err(route, EINVAL, e, "auth_pass stands beside a credential");
	if (pass)
		ret->scheme = POLICY_AUTH_PASS;
	else if (ret->slot)
		ret->scheme = POLICY_AUTH_BEARER;
	if (scheme && !policy_auth_parse(scheme, &ret->scheme))
		return json_err(route, EINVAL, e, "auth_scheme: '%s' is no scheme", scheme);
	if (grant && !policy_grant_parse(grant, &ret->grant))
		return json_err(route, EINVAL, e, "grant: '%s' is no grant", grant);
	return 0;
}

/* The member without which a credential of this scheme could not be given; NULL: all are there. */
static const char *missing(const struct policy_auth *a)
{
	if (!policy_auth_name(a->scheme))
		return NULL;
	if (!a->slot)
		return "auth_slot";
	if ((a->require || a->scheme == POLICY_AUTH_SWAP) && !a->placeholder)
		return "placeholder";
	if (a->scheme == POLICY_AUTH_SWAP && !a->places)
		return "places";
	if ((a->scheme == POLICY_AUTH_HEADER || a->scheme == POLICY_AUTH_QUERY) && !a->name)
		return "name";
	if (a->scheme == POLICY_AUTH_SIGV4 && !a->access_key_slot)
		return "access_key_slot";
	if (a->scheme == POLICY_AUTH_OAUTH && !a->token_url)
		return "token_url";
	if (a->scheme == POLICY_AUTH_OAUTH && !a->client_id &&
		a->grant == POLICY_CLIENT_CREDENTIALS)
		return "client_id";
	return a->scheme == POLICY_AUTH_LOGIN && !a->provider ? "provider" : NULL;
}

int policy_auth_read(const struct json_at *route, struct policy_auth *ret, struct err *e)
{
	const char *lost;

	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		if (json_get_str(route, texts[i].name, text_of(ret, i), e) < 0)
			return -e->code;
	if (read_words(route, ret, e) < 0 || read_places(route, &ret->places, e) < 0 ||
		json_get_bool(route, "require", &ret->require, e) < 0)
		return -e->code;
	lost = missing(ret);
	if (lost)
		return json_err(route, EINVAL, e, "%s needs the member '%s'",
			policy_auth_name(ret->scheme), lost);
	return 0;
}
