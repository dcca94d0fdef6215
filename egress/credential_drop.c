#include "egress/credential.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <openssl/evp.h>

#include "base/ptr.h"

/* The agent's own credential, wherever it may stand in a request. */

static bool is_among(const char *name, const char *const *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (http1_is_alike(name, list[i]))
			return true;
	return false;
}

/* Where hosts are known to take a key beside, or in place of, Authorization. */
static bool takes_a_key(const struct http1_field *f)
{
	static const char *const names[] = {"X-Api-Key", "Api-Key", "ApiKey", "X-ApiKey",
		"X-Auth-Token", "X-Auth-Key", "X-Access-Token", "Access-Token", "Private-Token",
		"Job-Token", "Deploy-Token", "X-Goog-Api-Key", "X-GitHub-Token", "X-Vault-Token",
		"X-Token", "X-Authorization", "X-Amz-Security-Token", "DD-API-KEY", "Circle-Token"};

	/* Browsers can give a WebSocket no header but this one. */
	if (http1_is_alike(f->name, "Sec-WebSocket-Protocol"))
		return strcasestr(f->value, "api-key") || strcasestr(f->value, "bearer");
	return is_among(f->name, names, ARRAY_LEN(names));
}

/* Made anew with each signature, or of no use without the agent's own. */
static bool is_of_signature(const char *name)
{
	static const char *const names[] = {
		"X-Amz-Security-Token", "X-Amz-Date", "X-Amz-Content-Sha256"};

	return is_among(name, names, ARRAY_LEN(names));
}

/* ---- Authorization */

/* "user:password" in base64. */
static bool basic_is(const char *coded, const char *text)
{
	size_t len = strlen(coded), want = strlen(text), n;
	cleanup_free char *plain = malloc(len + 1);
	char *colon;
	int r = plain && len % 4 == 0 && len > 0 ? EVP_DecodeBlock((unsigned char *)plain,
							   (const unsigned char *)coded, (int)len)
						 : -1;

	if (r < 0)
		return false;
	n = (size_t)r; /* with up to two NULs in the place of the padding */
	plain[n] = '\0';
	colon = memchr(plain, ':', n);
	if (!colon || strcmp(plain, text) == 0)
		return strcmp(plain, text) == 0;
	return strcmp(colon + 1, text) == 0 ||
	       ((size_t)(colon - plain) == want && memcmp(plain, text, want) == 0);
}

bool credential_authorization_is(const char *value, const char *text)
{
	size_t word = strcspn(value, " \t");
	const char *rest = value + word + strspn(value + word, " \t");

	if (word == 5 && strncasecmp(value, "Basic", 5) == 0)
		return basic_is(rest, text);
	return *rest && strcmp(rest, text) == 0;
}

/* ---- what is dropped */

static bool swaps_fields(const struct policy_auth *a)
{
	return a->scheme == POLICY_AUTH_SWAP && (a->places & POLICY_IN_HEADER);
}

/* Whether the placeholder that is to be swapped stands in it. */
static bool holds_placeholder(const struct policy_auth *a, const struct http1_field *f)
{
	return swaps_fields(a) && (strstr(f->value, a->placeholder) ||
					  credential_authorization_is(f->value, a->placeholder));
}

bool credential_drops_field(const struct credential *c, const struct http1_field *f)
{
	const struct policy_auth *a = c->auth;
	const char *own = credential_field_name(c);

	if (http1_is_alike(f->name, "Authorization") ||
		http1_is_alike(f->name, "Proxy-Authorization"))
		return a->scheme != POLICY_AUTH_PASS && !holds_placeholder(a, f);
	if (own && http1_is_alike(f->name, own))
		return true;
	if (a->scheme == POLICY_AUTH_SIGV4 && is_of_signature(f->name))
		return true;
	/* Of two credentials the upstream would choose, and one is not the login's. */
	if (a->scheme == POLICY_AUTH_LOGIN && takes_a_key(f))
		return true;
	/* A cookie is a credential like any other. */
	return a->require && (takes_a_key(f) || http1_is_alike(f->name, "Cookie")) &&
	       !holds_placeholder(a, f);
}

/* A signature in a query ("presigned"): it is made anew. */
static bool is_signature_param(const struct query_param *p)
{
	return query_names(p, "X-Amz-Signature") || query_names(p, "X-Amz-Security-Token");
}

bool credential_drops_param(const struct credential *c, const struct query_param *p)
{
	static const char *const keys[] = {"access_token", "api_key", "apikey", "private_token"};
	const struct policy_auth *a = c->auth;
	bool kept = false;

	if (a->scheme == POLICY_AUTH_QUERY && query_names(p, a->name))
		return true;
	if (a->scheme == POLICY_AUTH_SIGV4 && is_signature_param(p))
		return true;
	if (a->scheme == POLICY_AUTH_SWAP)
		kept = p->value &&
		       memmem(p->value, p->value_len, a->placeholder, strlen(a->placeholder));
	for (size_t i = 0; a->require && !kept && i < ARRAY_LEN(keys); i++)
		if (query_names(p, keys[i]))
			return true;
	return false;
}
