#include "egress/credential.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>

#include "base/str.h"
#include "egress/swap.h"
#include "egress/target.h"

#define TOKEN_USER  "x-access-token:"
#define VALUE_MAX   16384
#define AWS_KEY_MAX 256

/* ---- values */

static size_t trimmed_length(const struct secret *value)
{
	size_t len = value->len;

	while (len > 0 && (value->bytes[len - 1] == '\n' || value->bytes[len - 1] == '\r'))
		len--;
	return len;
}

static int check_value(const char *p, size_t len, struct err *e)
{
	if (len == 0)
		return err_say(e, EINVAL, "the credential is empty");
	if (len > VALUE_MAX)
		return err_say(e, EINVAL, "the credential is longer than %d characters", VALUE_MAX);
	for (size_t i = 0; i < len; i++)
		if (p[i] <= 0x20 || p[i] >= 0x7f)
			return err_say(e, EINVAL,
				"the credential holds something other than printable ASCII");
	return 0;
}

static int take_value(
	const struct component_boot *boot, const char *slot, struct secret *ret, struct err *e)
{
	const struct secret *value = component_secret(boot, slot);
	size_t len;

	if (!value)
		return err_say(e, EINVAL, "its credential '%s' was not handed over", slot);
	len = trimmed_length(value);
	if (check_value(value->bytes, len, e) < 0)
		return -EINVAL;
	return secret_set(ret, value->bytes, len, e);
}

/* ---- fields */

/* "PREFIX VALUE", with no blank behind a prefix that ends in one or in a sign. */
static int make_field(struct credential *c, const char *prefix, const char *text, struct err *e)
{
	size_t n = strlen(prefix), size = n + strlen(text) + 2;
	char last = n > 0 ? prefix[n - 1] : ' ';
	bool blank = (last >= '0' && last <= '9') || ((last | 32) >= 'a' && (last | 32) <= 'z');
	char *field = malloc(size);
	int r;

	if (!field)
		return err_set(e, ENOMEM, "a credential");
	r = snprintf(field, size, "%s%s%s", prefix, blank ? " " : "", text);
	r = secret_set(&c->field, field, (size_t)r, e);
	secret_wipe(field, size);
	free(field);
	return r;
}

static int make_basic(struct credential *c, struct err *e)
{
	const char *value = c->value.bytes, *user = strchr(value, ':') ? "" : TOKEN_USER;
	size_t len = strlen(user) + c->value.len, size = len + 1 + 4 * (len / 3 + 1) + 2;
	char *work = malloc(size);
	int r;

	if (!work)
		return err_set(e, ENOMEM, "a credential");
	snprintf(work, size, "%s%s", user, value);
	EVP_EncodeBlock((unsigned char *)work + len + 1, (unsigned char *)work, (int)len);
	r = make_field(c, "Basic", work + len + 1, e);
	secret_wipe(work, size);
	free(work);
	return r;
}

/* ---- forms */

static size_t escape(char ch, enum credential_form form, char out[static 8])
{
	static const struct {
		char ch;
		const char *xml;
	} entities[] = {
		{'&', "&amp;"}, {'<', "&lt;"}, {'>', "&gt;"}, {'"', "&quot;"}, {'\'', "&#39;"}};

	if (form == CREDENTIAL_PERCENT)
		return query_encode(&ch, 1, out);
	for (size_t i = 0; form == CREDENTIAL_XML && i < sizeof(entities) / sizeof(*entities); i++)
		if (entities[i].ch == ch)
			return (size_t)snprintf(out, 8, "%s", entities[i].xml);
	if (form == CREDENTIAL_JSON && (ch == '"' || ch == '\\'))
		return (size_t)snprintf(out, 8, "\\%c", ch);
	out[0] = ch;
	return 1;
}

static int make_form(struct credential *c, enum credential_form form, struct err *e)
{
	size_t size = 8 * (c->value.len + 1), n = 0;
	char *text = malloc(size);
	int r;

	if (!text)
		return err_set(e, ENOMEM, "a credential");
	for (size_t i = 0; i < c->value.len; i++)
		n += escape(c->value.bytes[i], form, text + n);
	r = secret_set(&c->forms[form], text, n, e);
	secret_wipe(text, size);
	free(text);
	return r;
}

static int make_forms(struct credential *c, struct err *e)
{
	int r = 0;

	for (int form = 0; form < CREDENTIAL_FORMS && r == 0; form++)
		r = make_form(c, (enum credential_form)form, e);
	return r;
}

/* ---- the schemes */

static int check_placeholder(const struct policy_auth *a, struct err *e)
{
	size_t len = a->placeholder ? strlen(a->placeholder) : 0;

	if (len == 0)
		return a->require || a->scheme == POLICY_AUTH_SWAP
			       ? err_say(e, EINVAL, "auth: %s needs a placeholder",
					 a->require ? "require" : "scheme swap")
			       : 0;
	if (len < PLACEHOLDER_MIN || len > PLACEHOLDER_MAX)
		return err_say(e, EINVAL, "auth: the placeholder has %zu characters, not %d to %d",
			len, PLACEHOLDER_MIN, PLACEHOLDER_MAX);
	for (const char *p = a->placeholder; *p; p++)
		if (!target_is_unreserved((unsigned char)*p))
			return err_say(e, EINVAL,
				"auth: the placeholder '%s' holds something other than letters, "
				"digits and - . _ ~",
				a->placeholder);
	return 0;
}

static int make(struct credential *c, const struct component_boot *boot, struct err *e)
{
	const struct policy_auth *a = c->auth;
	const char *prefix = a->prefix ? a->prefix : "";

	switch (a->scheme) {
	case POLICY_AUTH_BEARER:
		return make_field(c, "Bearer", c->value.bytes, e);
	case POLICY_AUTH_TOKEN:
		return make_field(c, "token", c->value.bytes, e);
	case POLICY_AUTH_BASIC:
		return make_basic(c, e);
	case POLICY_AUTH_HEADER:
		return make_field(c, prefix, c->value.bytes, e);
	case POLICY_AUTH_QUERY:
		return make_form(c, CREDENTIAL_PERCENT, e);
	case POLICY_AUTH_SWAP:
		return make_forms(c, e);
	case POLICY_AUTH_SIGV4:
		if (!a->access_key_slot)
			return err_say(e, EINVAL, "auth: scheme sigv4 needs access_key_ref");
		if (c->value.len > AWS_KEY_MAX)
			return err_say(e, EINVAL, "a secret access key of more than %d characters",
				AWS_KEY_MAX);
		if (take_value(boot, a->access_key_slot, &c->access_key, e) < 0)
			return -e->code;
		return a->session_slot ? take_value(boot, a->session_slot, &c->session, e) : 0;
	default:
		return 0;
	}
}

static bool has_value(const struct policy_auth *a)
{
	return a->scheme != POLICY_AUTH_NONE && a->scheme != POLICY_AUTH_PASS &&
	       a->scheme != POLICY_AUTH_OAUTH && a->scheme != POLICY_AUTH_LOGIN;
}

static int check(const struct policy_auth *a, struct err *e)
{
	if (has_value(a) && !a->slot)
		return err_say(e, EINVAL, "auth: no credential");
	if ((a->scheme == POLICY_AUTH_HEADER || a->scheme == POLICY_AUTH_QUERY) &&
		(!a->name || !*a->name))
		return err_say(e, EINVAL, "auth: schemes header and query need a name");
	return check_placeholder(a, e);
}

int credential_new(const struct policy_auth *auth, const struct component_boot *boot,
	struct credential **ret, struct err *e)
{
	struct credential *c = calloc(1, sizeof(*c));
	int r;

	if (!c)
		return err_set(e, ENOMEM, "a credential");
	c->auth = auth;
	r = check(auth, e);
	if (r == 0 && has_value(auth))
		r = take_value(boot, auth->slot, &c->value, e);
	if (r == 0)
		r = make(c, boot, e);
	if (r < 0) {
		credential_free(c);
		return auth->token_ref ? err_wrap(e, "credential '%s'", auth->token_ref) : r;
	}
	*ret = c;
	return 0;
}

int credential_renew(
	struct credential *c, const struct secret *token, unsigned int generation, struct err *e)
{
	int r;

	if (c->generation == generation)
		return 0;
	secret_done(&c->field);
	r = make_field(c, "Bearer", token->bytes, e);
	c->generation = r < 0 ? 0 : generation;
	return r;
}

void credential_free(struct credential *c)
{
	if (!c)
		return;
	secret_done(&c->value);
	secret_done(&c->field);
	for (size_t i = 0; i < CREDENTIAL_FORMS; i++)
		secret_done(&c->forms[i]);
	secret_done(&c->access_key);
	secret_done(&c->session);
	free(c);
}

/* ---- what it is like */

bool credential_gives(const struct credential *c)
{
	return c->auth->scheme != POLICY_AUTH_NONE && c->auth->scheme != POLICY_AUTH_PASS;
}

bool credential_travels(const struct credential *c)
{
	return credential_gives(c) && (c->auth->scheme != POLICY_AUTH_SIGV4 || c->session.bytes);
}

const char *credential_field_name(const struct credential *c)
{
	if (c->auth->scheme == POLICY_AUTH_HEADER)
		return c->auth->name;
	return c->auth->scheme == POLICY_AUTH_QUERY || c->auth->scheme == POLICY_AUTH_SWAP ||
			       !credential_gives(c)
		       ? NULL
		       : "Authorization";
}

const char *credential_param_name(const struct credential *c)
{
	return c->auth->scheme == POLICY_AUTH_QUERY ? c->auth->name : NULL;
}

/* The value as sent, what that was made of, and of "user:password" the password. */
int credential_add_needles(const struct credential *c, struct needles *n)
{
	const char *coded = c->field.bytes ? strchr(c->field.bytes, ' ') : NULL;
	const char *colon = c->value.bytes ? strchr(c->value.bytes, ':') : NULL;
	int r = 0;

	if (c->value.bytes)
		r = needles_add(n, c->value.bytes, c->value.len);
	if (r == 0 && colon)
		r = needles_add(n, colon + 1, strlen(colon + 1));
	if (r == 0 && coded && c->auth->scheme == POLICY_AUTH_BASIC)
		r = needles_add(n, coded + 1, strlen(coded + 1));
	return r == 0 && c->session.bytes ? needles_add(n, c->session.bytes, c->session.len) : r;
}
