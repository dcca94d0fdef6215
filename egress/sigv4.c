#include "egress/sigv4.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "base/secret.h"
#include "base/sha256.h"
#include "base/str.h"
#include "base/utc.h"

#define UNSIGNED      "UNSIGNED-PAYLOAD"
#define HASH_FIELD    "X-Amz-Content-Sha256"
#define DATE_SIZE     17 /* 20130524T000000Z */
#define SIGV4_KEY_MAX 256

/* ---- what the agent said */

static int read_scope(
	const struct outgoing_request *q, struct sigv4_scope *ret, const char **ret_what)
{
	const char *query = q->target->text + q->target->path_len;
	const struct policy_auth *a = q->credential->auth;
	int r = sigv4_scope_read(q->head, query + (*query == '?'), ret, ret_what);

	if (a->region)
		snprintf(ret->region, sizeof(ret->region), "%s", a->region);
	if (a->service)
		snprintf(ret->service, sizeof(ret->service), "%s", a->service);
	return r;
}

static bool is_s3(const char *service)
{
	return strncmp(service, "s3", 2) == 0;
}

bool sigv4_is_by(const struct outgoing_request *q, const char *access_key)
{
	struct sigv4_scope s;
	const char *what;

	return read_scope(q, &s, &what) == 0 && s.found && strcmp(s.access_key, access_key) == 0;
}

static int refuse(struct refusal *why, const char *what)
{
	refusal_set(why, 403, "aws_signature", "auth: sigv4", "%s", what);
	why->how = "sign with the access key of the bottle's environment (AWS4-HMAC-SHA256), or "
		   "ask the operator to name region and service in the route's auth";
	return -EACCES;
}

/* The body's hash as the agent told it; NULL: it did not. */
static const char *told_hash(const struct outgoing_request *q)
{
	return http1_field(q->head, HASH_FIELD, NULL);
}

static bool is_hash(const char *text)
{
	return text && strlen(text) == 64 && strspn(text, "0123456789abcdef") == 64;
}

int sigv4_check(const struct outgoing_request *q, struct refusal *why)
{
	const char *what, *told = told_hash(q);
	struct sigv4_scope s;

	if (read_scope(q, &s, &what) < 0)
		return refuse(why, what);
	if (!*s.region || !*s.service)
		return refuse(why, "the request is not signed, so region and service are unknown");
	if (told && !is_hash(told) && strcmp(told, UNSIGNED) != 0)
		return refuse(why, "a body whose hash is told in a way that is not known");
	return 0;
}

/* ---- the body */

static bool is_unsigned(const struct outgoing_request *q, const struct sigv4_scope *s)
{
	const char *told = told_hash(q);

	return told ? strcmp(told, UNSIGNED) == 0 : s->presigned && is_s3(s->service);
}

bool sigv4_wants_body(const struct outgoing_request *q)
{
	struct sigv4_scope s;
	const char *what;

	if (q->credential->auth->scheme != POLICY_AUTH_SIGV4 || read_scope(q, &s, &what) < 0)
		return false;
	return !is_unsigned(q, &s) && !is_hash(told_hash(q));
}

/* What stands for the body in the canonical request; made in text. NULL: nothing can. */
static const char *payload_of(const struct outgoing_request *q, const struct sigv4_scope *s,
	char text[static SIGV4_HEX_SIZE])
{
	unsigned char digest[SHA256_SIZE];
	const char *told = told_hash(q);

	if (is_unsigned(q, s))
		return UNSIGNED;
	if (q->whole || q->length->framing == HTTP1_NO_BODY) {
		sha256(q->body ? q->body : (const unsigned char *)"", q->body_len, digest);
		sigv4_hex(digest, sizeof(digest), text);
		return text;
	}
	/* Too long to be held: S3 takes what TLS protects as it is. */
	return is_hash(told) ? told : is_s3(s->service) ? UNSIGNED : NULL;
}

/* ---- the signature */

static void format_date(int64_t now_s, char out[static DATE_SIZE])
{
	char text[UTC_SIZE];
	size_t n = 0;

	utc_format((time_t)now_s, text);
	for (const char *c = text; *c && n < DATE_SIZE - 2; c++)
		if (*c != '-' && *c != ':')
			out[n++] = *c;
	out[n++] = 'Z';
	out[n] = '\0';
}

static void hmac(const void *key, size_t len, const char *text, unsigned char out[static 32])
{
	(void)HMAC(
		EVP_sha256(), key, (int)len, (const unsigned char *)text, strlen(text), out, NULL);
}

/* The key of a day, a region and a service; then the signature. */
static void sign(const struct secret *value, const struct sigv4_scope *s, const char *date,
	const char *text, char out[static SIGV4_HEX_SIZE])
{
	char first[SIGV4_KEY_MAX + 8], day[9];
	unsigned char key[32], next[32];
	int n = snprintf(first, sizeof(first), "AWS4%s", value->bytes);

	snprintf(day, sizeof(day), "%.8s", date);
	hmac(first, (size_t)n, day, key);
	hmac(key, sizeof(key), s->region, next);
	hmac(next, sizeof(next), s->service, key);
	hmac(key, sizeof(key), "aws4_request", next);
	hmac(next, sizeof(next), text, key);
	sigv4_hex(key, sizeof(key), out);
	secret_wipe(first, sizeof(first));
	secret_wipe(key, sizeof(key));
	secret_wipe(next, sizeof(next));
}

static int add_authorization(const struct outgoing_request *q, struct outgoing *o,
	const struct sigv4_scope *s, const char *date, const struct sigv4_canonical *c)
{
	char hash[SIGV4_HEX_SIZE], signature[SIGV4_HEX_SIZE], text[320], scope[192];
	const struct credential *own = q->credential;
	const char *names;
	size_t size;
	char *value;
	int r = sigv4_canonical(c, o, hash, &names);

	if (r < 0)
		return r;
	snprintf(scope, sizeof(scope), "%.8s/%s/%s/aws4_request", date, s->region, s->service);
	snprintf(text, sizeof(text), "AWS4-HMAC-SHA256\n%s\n%s\n%s", date, scope, hash);
	sign(&own->value, s, date, text, signature);
	size = own->access_key.len + strlen(scope) + strlen(names) + sizeof(signature) + 80;
	value = outgoing_room(o, size);
	if (!value)
		return -ENOMEM;
	snprintf(value, size, "AWS4-HMAC-SHA256 Credential=%s/%s, SignedHeaders=%s, Signature=%s",
		own->access_key.bytes, scope, names, signature);
	return outgoing_add(o, "Authorization", value, true);
}

/* A text of our own as a field's value. */
static int add_text(struct outgoing *o, const char *name, const char *text)
{
	char *copy = outgoing_room(o, strlen(text) + 1);

	if (!copy)
		return -ENOMEM;
	memcpy(copy, text, strlen(text));
	return outgoing_add(o, name, copy, false);
}

int sigv4_sign(const struct outgoing_request *q, struct outgoing *o, struct refusal *why)
{
	const struct secret *session = &q->credential->session;
	char hash[SIGV4_HEX_SIZE], date[DATE_SIZE];
	struct sigv4_scope s;
	struct sigv4_canonical c = {.o = o};
	const char *what;
	int r;

	if (read_scope(q, &s, &what) < 0)
		return refuse(why, what);
	c.payload = payload_of(q, &s, hash);
	if (!c.payload)
		return refuse(why,
			"a body of more than 16 MiB whose hash the request does not tell "
			"(" HASH_FIELD ")");
	c.s3 = is_s3(s.service);
	c.agent_signed = s.signed_headers;
	c.agent_signed_len = s.signed_len;
	format_date(q->now_s, date);
	o->target = sigv4_target(o, q->target, c.s3);
	r = o->target ? add_text(o, "X-Amz-Date", date) : -ENOMEM;
	if (r == 0 && (c.s3 || told_hash(q)))
		r = add_text(o, HASH_FIELD, c.payload);
	if (r == 0 && session->bytes)
		r = outgoing_add(o, "X-Amz-Security-Token", session->bytes, true);
	return r < 0 ? r : add_authorization(q, o, &s, date, &c);
}
