#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/ptr.h"
#include "bundle/git_url.h"
#include "bundle/login.h"
#include "bundle/manifest.h"
#include "bundle/policy_auth.h"

/*
 * auth of a route: the credential that egress gives to the upstream. Each scheme takes its own keys
 * only, so that nobody believes in one that does nothing.
 */

#define PLACEHOLDER_MIN 8
#define PLACEHOLDER_MAX 255
#define ALNUM		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

/* Any scheme can have the agent show a placeholder. */
#define SHOWN "placeholder, env, require"

static const struct scheme {
	const char *needs[3];
	const char *takes; /* all of them, as messages show them */
} schemes[] = {
	[POLICY_AUTH_BEARER] = {{"token_ref"}, "token_ref, " SHOWN},
	[POLICY_AUTH_TOKEN] = {{"token_ref"}, "token_ref, " SHOWN},
	[POLICY_AUTH_BASIC] = {{"token_ref"}, "token_ref, " SHOWN},
	[POLICY_AUTH_HEADER] = {{"token_ref", "name"}, "token_ref, name, prefix, " SHOWN},
	[POLICY_AUTH_QUERY] = {{"token_ref", "name"}, "token_ref, name, " SHOWN},
	[POLICY_AUTH_SWAP] = {{"token_ref"}, "token_ref, in, " SHOWN},
	[POLICY_AUTH_SIGV4] = {{"token_ref", "access_key_ref"},
		"token_ref, access_key_ref, session_ref, region, service, " SHOWN},
	[POLICY_AUTH_OAUTH] = {{"token_ref", "token_url"},
		"token_ref, token_url, grant, client_id, client_secret_ref, scope, "
		"audience, " SHOWN},
	[POLICY_AUTH_LOGIN] = {{"provider"}, "provider, file, " SHOWN},
};

static const char *const all_keys[] = {"token_ref", "name", "prefix", "in", "placeholder", "env",
	"require", "access_key_ref", "session_ref", "region", "service", "token_url", "grant",
	"client_id", "client_secret_ref", "scope", "audience", "provider", "file"};

/* Whether the list "a, b, c" has the word. */
static bool lists(const char *list, const char *word)
{
	size_t len = strlen(word);

	for (const char *at = list; (at = strstr(at, word)) != NULL; at += len)
		if ((at == list || at[-1] == ' ') && (at[len] == ',' || !at[len]))
			return true;
	return false;
}

/* Too many and too few of them. */
static void check_keys(
	struct frontmatter *f, struct yaml_node *auth, enum policy_auth_scheme scheme)
{
	const char *word = policy_auth_name(scheme);
	const struct scheme *s = &schemes[scheme];

	for (size_t i = 0; i < ARRAY_LEN(all_keys); i++) {
		const struct yaml_node *n = yaml_get(auth, all_keys[i]);

		if (word && n && !lists(s->takes, all_keys[i]))
			yaml_problem(&f->problems, n,
				"the scheme %s has no such key; allowed here: scheme, %s", word,
				s->takes);
	}
	for (size_t i = 0; word && i < ARRAY_LEN(s->needs) && s->needs[i]; i++)
		if (!yaml_get(auth, s->needs[i]))
			yaml_problem(&f->problems, auth,
				"the key '%s' is missing, which the scheme %s needs", s->needs[i],
				word);
	yaml_finish(&f->problems, auth,
		word ? s->takes : "scheme (" POLICY_AUTH_WORDS ") and that scheme's own keys");
}

static enum policy_auth_scheme read_scheme(struct frontmatter *f, struct yaml_node *auth)
{
	enum policy_auth_scheme scheme = POLICY_AUTH_NONE;
	const struct yaml_node *n = yaml_get(auth, "scheme");
	const char *text;

	if (!n)
		yaml_problem(&f->problems, auth,
			"the key 'scheme' is missing; allowed: " POLICY_AUTH_WORDS);
	else if (yaml_str(&f->problems, n, &text) && !policy_auth_parse(text, &scheme))
		yaml_problem(
			&f->problems, n, "'%s' is no scheme; allowed: " POLICY_AUTH_WORDS, text);
	return scheme;
}

/* A text of these characters; too short, or with others in it, is a problem that says `what`. */
static int read_chars(struct frontmatter *f, const struct yaml_node *n, const char *allowed,
	const char *what, char **ret)
{
	if (manifest_read_text(f, n, ret) < 0)
		return -ENOMEM;
	if (*ret && (*ret)[strspn(*ret, allowed)])
		yaml_problem(&f->problems, n, "'%s' is no %s", *ret, what);
	return 0;
}

/* Fields that say where a message ends, or to whom it goes, are not for a credential. */
static bool frames_messages(const char *field)
{
	static const char *const names[] = {"Host", "Content-Length", "Transfer-Encoding",
		"Connection", "Keep-Alive", "TE", "Trailer", "Upgrade", "Expect", "Content-Type",
		"Content-Encoding", "Proxy-Connection", "Proxy-Authorization"};

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (strcasecmp(names[i], field) == 0)
			return true;
	return false;
}

static int read_name(struct frontmatter *f, const struct yaml_node *n, struct policy_auth *a)
{
	bool query = a->scheme == POLICY_AUTH_QUERY;

	if (read_chars(f, n, query ? ALNUM "-._~" : ALNUM "!#$%&'*+-.^_`|~",
		    query ? "name of a parameter: letters, digits and - . _ ~ only"
			  : "name of a header",
		    &a->name) < 0)
		return -ENOMEM;
	if (a->name && !query && frames_messages(a->name))
		yaml_problem(&f->problems, n, "the header %s cannot hold a credential", a->name);
	return 0;
}

/* "ApiKey" is a word in front of the value, "key=" a part of it: egress/credential.c adds the
 * blank.
 */
static int read_prefix(struct frontmatter *f, const struct yaml_node *n, struct policy_auth *a)
{
	if (manifest_read_text(f, n, &a->prefix) < 0)
		return -ENOMEM;
	for (const char *c = a->prefix; c && *c; c++) {
		if (*c >= ' ' && *c <= '~')
			continue;
		yaml_problem(&f->problems, n, "only visible ASCII characters and blanks");
		break;
	}
	return 0;
}

static int read_placeholder(struct frontmatter *f, const struct yaml_node *n, struct policy_auth *a)
{
	if (manifest_read_text(f, n, &a->placeholder) < 0)
		return -ENOMEM;
	if (a->placeholder && (strlen(a->placeholder) < PLACEHOLDER_MIN ||
				      strlen(a->placeholder) > PLACEHOLDER_MAX ||
				      a->placeholder[strspn(a->placeholder, ALNUM "_-.")]))
		yaml_problem(&f->problems, n,
			"expected %d to %d letters, digits and _ - . (no secret: the agent reads "
			"it)",
			PLACEHOLDER_MIN, PLACEHOLDER_MAX);
	return 0;
}

static void read_places(struct frontmatter *f, const struct yaml_node *list, unsigned int *ret)
{
	const char *text;

	if (!list || !yaml_is(&f->problems, list, YAML_LIST))
		return;
	for (const struct yaml_node *c = list->first; c; c = c->next) {
		unsigned int place;

		if (!yaml_str(&f->problems, c, &text))
			continue;
		place = policy_place_parse(text);
		if (!place)
			yaml_problem(&f->problems, c, "'%s' is no place; allowed: %s", text,
				POLICY_PLACE_WORDS);
		*ret |= place;
	}
	if (!list->first)
		yaml_problem(&f->problems, list, "an empty list; allowed: " POLICY_PLACE_WORDS);
}

/* What the agent shows in the credential's place. */
static int read_shown(
	struct frontmatter *f, struct yaml_node *auth, struct policy_auth *a, char **env)
{
	const struct yaml_node *variable = yaml_get(auth, "env");

	if (read_placeholder(f, yaml_get(auth, "placeholder"), a) < 0 ||
		manifest_read_text(f, variable, env) < 0)
		return -ENOMEM;
	if (*env && !manifest_variable_ok(*env))
		yaml_problem(&f->problems, variable,
			"'%s' is no name of a variable: letters, digits and _ only", *env);
	(void)yaml_bool(&f->problems, yaml_get(auth, "require"), &a->require);
	read_places(f, yaml_get(auth, "in"), &a->places);
	if (a->scheme == POLICY_AUTH_SWAP && !a->places)
		a->places = POLICY_IN_HEADER;
	return 0;
}

/* An https URL; some token endpoints end in '/'. */
static int read_token_url(struct frontmatter *f, const struct yaml_node *n, char **ret)
{
	cleanup_free char *base = NULL;
	size_t len;

	if (manifest_read_text(f, n, ret) < 0)
		return -ENOMEM;
	if (!*ret)
		return 0;
	len = strlen(*ret);
	base = strndup(*ret, len - ((*ret)[len - 1] == '/'));
	if (!base)
		return -ENOMEM;
	if (!git_url_is_base(base))
		yaml_problem(&f->problems, n,
			"'%s': expected https://HOST[:PORT]/PATH, without a user, '?' and '#'",
			*ret);
	return 0;
}

static int read_oauth(struct frontmatter *f, struct yaml_node *auth, struct manifest_route *route)
{
	struct policy_auth *a = &route->route.auth;
	const struct yaml_node *grant = yaml_get(auth, "grant");
	const struct yaml_node *secret = yaml_get(auth, "client_secret_ref");
	const char *text;

	if (yaml_str(&f->problems, grant, &text) && !policy_grant_parse(text, &a->grant))
		yaml_problem(&f->problems, grant, "'%s' is no grant; allowed: %s", text,
			POLICY_GRANT_WORDS);
	if (read_token_url(f, yaml_get(auth, "token_url"), &a->token_url) < 0 ||
		manifest_read_text(f, yaml_get(auth, "client_id"), &a->client_id) < 0 ||
		manifest_read_text(f, yaml_get(auth, "scope"), &a->scope) < 0 ||
		manifest_read_text(f, yaml_get(auth, "audience"), &a->audience) < 0 ||
		manifest_read_secret(f, secret, &route->client_secret_ref) < 0)
		return -ENOMEM;
	if (a->scheme != POLICY_AUTH_OAUTH || a->grant != POLICY_CLIENT_CREDENTIALS)
		return 0;
	if (!yaml_get(auth, "client_id"))
		yaml_problem(&f->problems, auth,
			"the key 'client_id' is missing, which the grant client_credentials needs");
	if (secret)
		yaml_problem(&f->problems, secret,
			"with the grant client_credentials the client's secret is token_ref");
	return 0;
}

static int read_sigv4(struct frontmatter *f, struct yaml_node *auth, struct manifest_route *route)
{
	struct policy_auth *a = &route->route.auth;

	if (manifest_read_secret(f, yaml_get(auth, "access_key_ref"), &route->access_key_ref) < 0 ||
		manifest_read_secret(f, yaml_get(auth, "session_ref"), &route->session_ref) < 0 ||
		read_chars(f, yaml_get(auth, "region"), ALNUM "-", "region, e.g. eu-central-1",
			&a->region) < 0)
		return -ENOMEM;
	return read_chars(f, yaml_get(auth, "service"), ALNUM "-", "service, e.g. s3", &a->service);
}

/* The name of the credential that a placeholder stands for: for AWS its public part. */
static const char *stands_for(const struct manifest_route *r)
{
	if (r->route.auth.scheme == POLICY_AUTH_SIGV4)
		return r->access_key_ref;
	return r->route.auth.token_ref ? r->route.auth.token_ref : r->route.auth.provider;
}

static int default_placeholder(struct manifest_route *r)
{
	struct policy_auth *a = &r->route.auth;
	const char *name = stands_for(r);
	bool wanted = a->require || r->env || a->scheme == POLICY_AUTH_SWAP ||
		      a->scheme == POLICY_AUTH_OAUTH || a->scheme == POLICY_AUTH_LOGIN;

	if (a->placeholder || !wanted || !name)
		return 0;
	a->placeholder = str_format("placeholder-for-%.200s", name);
	return a->placeholder ? 0 : -ENOMEM;
}

static int read_map(struct frontmatter *f, struct yaml_node *auth, struct manifest_route *route)
{
	struct policy_auth *a = &route->route.auth;
	const struct yaml_node *provider = yaml_get(auth, "provider");
	const struct yaml_node *file = yaml_get(auth, "file");

	a->scheme = read_scheme(f, auth);
	if (manifest_read_secret(f, yaml_get(auth, "token_ref"), &a->token_ref) < 0 ||
		read_name(f, yaml_get(auth, "name"), a) < 0 ||
		read_prefix(f, yaml_get(auth, "prefix"), a) < 0 ||
		read_shown(f, auth, a, &route->env) < 0 || read_sigv4(f, auth, route) < 0 ||
		read_oauth(f, auth, route) < 0 || manifest_read_text(f, provider, &a->provider) < 0)
		return -ENOMEM;
	if (a->provider && !login_provider_find(a->provider))
		yaml_problem(&f->problems, provider,
			"'%s' is no provider; allowed: " LOGIN_PROVIDERS, a->provider);
	if (file)
		a->file = frontmatter_path(f, file);
	check_keys(f, auth, a->scheme);
	return default_placeholder(route);
}

int manifest_read_auth(struct frontmatter *f, struct yaml_node *auth, struct manifest_route *route)
{
	if (!auth)
		return 0;
	if (auth->type == YAML_MAP)
		return read_map(f, auth, route);
	if (auth->type == YAML_STRING && str_eq(auth->text, "pass"))
		route->route.auth.scheme = POLICY_AUTH_PASS;
	else
		yaml_problem(&f->problems, auth,
			"expected 'pass' or {scheme: SCHEME, …} with one of " POLICY_AUTH_WORDS);
	return 0;
}
