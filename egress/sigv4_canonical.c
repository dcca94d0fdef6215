#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <openssl/evp.h>

#include "base/ptr.h"
#include "egress/sigv4.h"

/* The canonical request, given to its hash piece by piece: it holds what stays nowhere else. */

void sigv4_hex(const unsigned char *digest, size_t len, char *out)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < len; i++) {
		*out++ = digits[digest[i] >> 4];
		*out++ = digits[digest[i] & 15];
	}
	*out = '\0';
}

static void put(EVP_MD_CTX *h, const char *text, size_t len)
{
	(void)EVP_DigestUpdate(h, text, len); /* cannot fail once it has begun */
}

static void puts_text(EVP_MD_CTX *h, const char *text)
{
	put(h, text, strlen(text));
}

/* ---- the target */

/* One name or value, decoded and encoded again. How long it has become. */
static size_t recode(const char *text, size_t len, char *work, char *out)
{
	return query_encode(work, query_decode(text, len, true, work), out);
}

static bool is_signature(const struct query_param *p)
{
	static const char *const names[] = {"X-Amz-Algorithm", "X-Amz-Credential", "X-Amz-Date",
		"X-Amz-Expires", "X-Amz-SignedHeaders", "X-Amz-Signature", "X-Amz-Security-Token"};

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (query_names(p, names[i]))
			return true;
	return false;
}

/* "a=1&b=": AWS parts parameters at '&' alone. */
static size_t recode_query(char *query, char *work, char *out)
{
	size_t n = 0;

	while (*query) {
		size_t len = strcspn(query, "&");
		char *equals = memchr(query, '=', len);
		size_t name_len = equals ? (size_t)(equals - query) : len;
		struct query_param p = {.name = query, .name_len = name_len};

		if (len > 0 && !is_signature(&p)) {
			if (n > 0)
				out[n++] = '&';
			n += recode(query, name_len, work, out + n);
			out[n++] = '=';
			if (equals)
				n += recode(equals + 1, len - name_len - 1, work, out + n);
		}
		query += len + (query[len] == '&');
	}
	return n;
}

/* What is encoded stays, what is neither unreserved nor a slash is encoded. */
static size_t encode_path(const char *path, size_t len, char *out)
{
	size_t n = 0;

	for (size_t i = 0; i < len; i++) {
		if (path[i] == '%' || path[i] == '/')
			out[n++] = path[i];
		else
			n += query_encode(path + i, 1, out + n);
	}
	return n;
}

char *sigv4_target(struct outgoing *o, const struct target *t, bool s3)
{
	size_t len = strlen(t->text), n = t->path_len, more;
	char *work = outgoing_room(o, len + 1), *out = outgoing_room(o, 3 * len + 2);

	if (!work || !out)
		return NULL;
	if (s3)
		n = encode_path(t->text, t->path_len, out);
	else
		memcpy(out, t->text, n);
	if (!t->text[t->path_len])
		return out;
	more = recode_query(t->text + t->path_len + 1, work, out + n + 1);
	out[n] = more > 0 ? '?' : '\0';
	out[n + 1 + more] = '\0';
	return out;
}

/* ---- its parts */

/* Of all services but S3: no empty segments, and what is encoded is encoded once more. */
static void put_path(EVP_MD_CTX *h, const char *path, size_t len, bool s3)
{
	char coded[3];

	if (s3 || len == 0) {
		put(h, len > 0 ? path : "/", len > 0 ? len : 1);
		return;
	}
	for (size_t i = 0; i < len; i++) {
		if (path[i] == '/' && i + 1 < len && path[i + 1] == '/')
			continue;
		if (path[i] == '/')
			put(h, "/", 1);
		else
			put(h, coded, query_encode(path + i, 1, coded));
	}
}

static int compare_params(const void *a, const void *b)
{
	const struct query_param *x = a, *y = b;
	size_t n = x->name_len < y->name_len ? x->name_len : y->name_len;
	int r = memcmp(x->name, y->name, n);

	if (r == 0 && x->name_len != y->name_len)
		return x->name_len < y->name_len ? -1 : 1;
	if (r != 0)
		return r;
	n = x->value_len < y->value_len ? x->value_len : y->value_len;
	r = memcmp(x->value, y->value, n);
	return r != 0 ? r : (x->value_len > y->value_len) - (x->value_len < y->value_len);
}

/* The target's query is as recode_query left it. */
static int put_query(EVP_MD_CTX *h, const char *query)
{
	char *at = (char *)query; /* it is only read */
	cleanup_free struct query_param *list = calloc(strlen(query) + 1, sizeof(*list));
	size_t n = 0;

	if (!list)
		return -ENOMEM;
	while (query_next(&at, &list[n]))
		n++;
	qsort(list, n, sizeof(*list), compare_params);
	for (size_t i = 0; i < n; i++) {
		put(h, "&", i > 0);
		put(h, list[i].name, (size_t)(list[i].end - list[i].name));
	}
	return 0;
}

/* ---- fields */

static bool agent_signed(const struct sigv4_canonical *c, const char *name)
{
	const char *p = c->agent_signed, *end = p ? p + c->agent_signed_len : NULL;
	size_t n = strlen(name);

	while (p && p < end) {
		const char *semicolon = memchr(p, ';', (size_t)(end - p));
		size_t len = semicolon ? (size_t)(semicolon - p) : (size_t)(end - p);

		if (len == n && strncasecmp(p, name, n) == 0)
			return true;
		p += len + 1;
	}
	return false;
}

/* What says what is wanted, and whatever else the agent has signed; not what we, or somebody on the
 * way, may write otherwise. */
static bool is_signed(const struct sigv4_canonical *c, const char *name)
{
	static const char *const never[] = {"Accept-Encoding", "Authorization", "Connection",
		"Content-Length", "Expect", "TE", "Trailer", "Transfer-Encoding", "User-Agent",
		"X-Amzn-Trace-Id"};

	for (size_t i = 0; i < ARRAY_LEN(never); i++)
		if (strcasecmp(never[i], name) == 0)
			return false;
	return strncasecmp(name, "X-Amz-", 6) == 0 || strcasecmp(name, "Content-Type") == 0 ||
	       strcasecmp(name, "Content-MD5") == 0 || agent_signed(c, name);
}

static int compare_fields(const void *a, const void *b)
{
	const struct http1_field *const *x = a, *const *y = b;
	int r = strcasecmp((*x)->name, (*y)->name);

	/* Lines of one name stay in their order. */
	return r != 0 ? r : (*x > *y) - (*x < *y);
}

static void put_lower(EVP_MD_CTX *h, const char *name)
{
	for (; *name; name++) {
		char c = *name >= 'A' && *name <= 'Z' ? (char)(*name | 32) : *name;

		put(h, &c, 1);
	}
}

/* Trimmed, with one blank for any blanks in a row. */
static void put_value(EVP_MD_CTX *h, const char *value)
{
	value += strspn(value, " \t");
	while (*value) {
		size_t n = strcspn(value, " \t");

		put(h, value, n);
		value += n;
		value += strspn(value, " \t");
		put(h, " ", *value != '\0');
	}
}

/* Host stands in its place among the others. */
struct field_list {
	const struct http1_field *list[OUTGOING_FIELDS_MAX + 1];
	size_t n;
	struct http1_field host;
};

static void collect(const struct sigv4_canonical *c, struct field_list *l)
{
	l->host = (struct http1_field){.name = "Host", .value = c->o->authority};
	l->list[0] = &l->host;
	l->n = 1;
	for (size_t i = 0; i < c->o->n_fields; i++)
		if (is_signed(c, c->o->fields[i].name))
			l->list[l->n++] = &c->o->fields[i];
	qsort(l->list, l->n, sizeof(*l->list), compare_fields);
}

static bool goes_on(const struct field_list *l, size_t i)
{
	return i > 0 && strcasecmp(l->list[i]->name, l->list[i - 1]->name) == 0;
}

static void put_fields(EVP_MD_CTX *h, const struct field_list *l)
{
	for (size_t i = 0; i < l->n; i++) {
		if (goes_on(l, i)) {
			put(h, ",", 1);
		} else {
			put(h, "\n", i > 0);
			put_lower(h, l->list[i]->name);
			put(h, ":", 1);
		}
		put_value(h, l->list[i]->value);
	}
	puts_text(h, "\n\n");
}

/* "content-type;host" */
static char *names_of(const struct field_list *l, struct outgoing *o)
{
	size_t size = 1;
	char *out, *at;

	for (size_t i = 0; i < l->n; i++)
		size += strlen(l->list[i]->name) + 1;
	at = out = outgoing_room(o, size);
	for (size_t i = 0; out && i < l->n; i++) {
		if (goes_on(l, i))
			continue;
		if (i > 0)
			*at++ = ';';
		for (const char *c = l->list[i]->name; *c; c++)
			*at++ = *c >= 'A' && *c <= 'Z' ? (char)(*c | 32) : *c;
	}
	return out;
}

/* ---- all of it */

static int put_request(EVP_MD_CTX *h, const struct sigv4_canonical *c, const struct field_list *l,
	const char *names)
{
	const char *target = c->o->target;
	size_t path_len = strcspn(target, "?");

	puts_text(h, c->o->method);
	put(h, "\n", 1);
	put_path(h, target, path_len, c->s3);
	put(h, "\n", 1);
	if (target[path_len] && put_query(h, target + path_len + 1) < 0)
		return -ENOMEM;
	put(h, "\n", 1);
	put_fields(h, l);
	puts_text(h, names);
	put(h, "\n", 1);
	puts_text(h, c->payload);
	return 0;
}

int sigv4_canonical(const struct sigv4_canonical *c, struct outgoing *o,
	char hash[static SIGV4_HEX_SIZE], const char **ret_signed)
{
	EVP_MD_CTX *h = EVP_MD_CTX_new();
	unsigned char digest[EVP_MAX_MD_SIZE];
	struct field_list l;
	int r = -ENOMEM;

	collect(c, &l);
	*ret_signed = names_of(&l, o);
	if (h && *ret_signed && EVP_DigestInit_ex(h, EVP_sha256(), NULL) == 1)
		r = put_request(h, c, &l, *ret_signed);
	if (r == 0 && EVP_DigestFinal_ex(h, digest, NULL) != 1)
		r = -ENOMEM;
	if (r == 0)
		sigv4_hex(digest, 32, hash);
	EVP_MD_CTX_free(h);
	return r;
}
