#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>

#include "base/json.h"
#include "egress/oauth_parts.h"
#include "egress/target.h"

/* Requests to token endpoints: RFC 6749 sections 2.3.1, 4.4.2 and 6. */

void oauth_grant_done(struct oauth_grant *g)
{
	secret_done(&g->fields);
	secret_done(&g->body);
}

/* A text that is put together in memory of its own, which is wiped. */
struct text {
	char *p;
	size_t len, size;
};

static int begin(struct text *t, size_t size)
{
	*t = (struct text){.p = malloc(size), .size = size};
	return t->p ? 0 : -ENOMEM;
}

static void add(struct text *t, const char *s, size_t len)
{
	memcpy(t->p + t->len, s, len);
	t->len += len;
}

/* application/x-www-form-urlencoded; the caller has left room for three bytes each. */
static void add_encoded(struct text *t, const char *s, size_t len)
{
	static const char digits[] = "0123456789ABCDEF";

	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)s[i];

		if (target_is_unreserved(c)) {
			t->p[t->len++] = s[i];
			continue;
		}
		t->p[t->len++] = '%';
		t->p[t->len++] = digits[c >> 4];
		t->p[t->len++] = digits[c & 15];
	}
}

static int end(struct text *t, struct secret *ret, struct err *e)
{
	int r = secret_set(ret, t->p, t->len, e);

	secret_wipe(t->p, t->size);
	free(t->p);
	return r;
}

/* ---- form */

struct parameter {
	const char *name, *value;
	size_t len;
};

static struct parameter parameter(const char *name, const char *value)
{
	return (struct parameter){name, value, value ? strlen(value) : 0};
}

static struct parameter of_secret(const char *name, const struct secret *s)
{
	return (struct parameter){name, s->bytes, s->len};
}

static int write_form(const struct parameter *list, size_t n, struct secret *ret, struct err *e)
{
	size_t size = 1;
	struct text t;

	for (size_t i = 0; i < n; i++)
		size += strlen(list[i].name) + 2 + 3 * list[i].len;
	if (begin(&t, size) < 0)
		return err_set(e, ENOMEM, "a request for a token");
	for (size_t i = 0; i < n; i++) {
		if (!list[i].value)
			continue;
		if (t.len > 0)
			add(&t, "&", 1);
		add(&t, list[i].name, strlen(list[i].name));
		add(&t, "=", 1);
		add_encoded(&t, list[i].value, list[i].len);
	}
	return end(&t, ret, e);
}

/* Id and secret are encoded as in a form before they are joined (section 2.3.1). */
static int write_basic(const struct oauth_token *t, struct secret *ret, struct err *e)
{
	static const char name[] = "Authorization: Basic ";
	const char *id = t->auth->client_id;
	size_t plain = 3 * (strlen(id) + t->client_secret.len) + 1;
	struct text user, field;
	int n, r;

	if (begin(&user, plain) < 0)
		return err_set(e, ENOMEM, "a request for a token");
	add_encoded(&user, id, strlen(id));
	add(&user, ":", 1);
	add_encoded(&user, t->client_secret.bytes, t->client_secret.len);
	if (begin(&field, sizeof(name) + 4 * (plain / 3 + 1) + 4) < 0) {
		secret_wipe(user.p, user.size);
		free(user.p);
		return err_set(e, ENOMEM, "a request for a token");
	}
	add(&field, name, strlen(name));
	n = EVP_EncodeBlock(
		(unsigned char *)field.p + field.len, (unsigned char *)user.p, (int)user.len);
	field.len += (size_t)n;
	add(&field, "\r\n", 2);
	r = end(&field, ret, e);
	secret_wipe(user.p, user.size);
	free(user.p);
	return r;
}

static int make_oauth(const struct oauth_token *t, struct oauth_grant *ret, struct err *e)
{
	const struct policy_auth *a = t->auth;
	bool refresh = a->grant == POLICY_REFRESH_TOKEN;
	bool basic = t->client_secret.bytes && !t->in_body;
	const struct secret none = {0};
	const struct parameter list[] = {
		parameter("grant_type", refresh ? "refresh_token" : "client_credentials"),
		of_secret("refresh_token", refresh ? &t->now.refresh : &none),
		parameter("client_id", basic ? NULL : a->client_id),
		of_secret("client_secret", basic ? &none : &t->client_secret),
		parameter("scope", a->scope),
		parameter("audience", a->audience),
	};

	ret->type = "application/x-www-form-urlencoded";
	if (basic && write_basic(t, &ret->fields, e) < 0)
		return -e->code;
	return write_form(list, sizeof(list) / sizeof(*list), &ret->body, e);
}

/* As the providers' own programs ask: JSON, a public client. */
static int make_login(const struct oauth_token *t, struct oauth_grant *ret, struct err *e)
{
	cleanup_json json_t *j = json_pack("{s:s, s:o, s:s}", "grant_type", "refresh_token",
		"refresh_token", json_stringn(t->now.refresh.bytes, t->now.refresh.len),
		"client_id", t->login->client_id);
	char *text = j ? json_dumps(j, JSON_COMPACT) : NULL;
	int r;

	if (!text)
		return err_set(e, ENOMEM, "a request for a token");
	ret->type = "application/json";
	r = secret_set(&ret->body, text, strlen(text), e);
	if (r == 0)
		r = secret_set(&ret->fields, t->login->agent, strlen(t->login->agent), e);
	secret_wipe(text, strlen(text));
	free(text);
	return r;
}

int oauth_grant_make(const struct oauth_token *t, struct oauth_grant *ret, struct err *e)
{
	int r;

	*ret = (struct oauth_grant){0};
	r = t->login ? make_login(t, ret, e) : make_oauth(t, ret, e);
	if (r < 0)
		oauth_grant_done(ret);
	return r;
}
