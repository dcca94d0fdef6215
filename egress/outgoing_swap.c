#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <openssl/evp.h>

#include "base/ptr.h"
#include "base/secret.h"
#include "egress/outgoing.h"

/* Placeholders of a request, each in the place where it stands. */

static bool swaps_in(const struct credential *c, enum policy_place place)
{
	return c->auth->scheme == POLICY_AUTH_SWAP && (c->auth->places & place);
}

/* ---- a text */

/* Text with each placeholder swapped; NULL when memory ran out. */
static char *swapped(struct outgoing *o, const struct credential *c, enum credential_form form,
	const char *text, size_t len)
{
	const char *from = c->auth->placeholder, *at;
	const struct secret *to = &c->forms[form];
	size_t n = strlen(from), out = 0;
	char *room = outgoing_room(o, len + swap_count(from, text, len) * to->len + 1);

	if (!room)
		return NULL;
	while ((at = memmem(text, len, from, n))) {
		size_t before = (size_t)(at - text);

		memcpy(room + out, text, before);
		memcpy(room + out + before, to->bytes, to->len);
		out += before + to->len;
		text += before + n;
		len -= before + n;
	}
	memcpy(room + out, text, len);
	return room;
}

/* ---- Authorization: Basic */

/* What "Basic …" says, decoded, into memory to be wiped and freed; NULL: it is none. */
static char *basic_plain(const char *value, size_t *ret_size)
{
	size_t len = strlen(value);
	const char *coded = len > 6 ? value + 6 + strspn(value + 6, " ") : "";
	char *plain;

	*ret_size = len + 1;
	len = strlen(coded);
	if (len == 0 || len % 4 != 0 || strncasecmp(value, "Basic ", 6) != 0)
		return NULL;
	plain = calloc(1, *ret_size);
	if (!plain || EVP_DecodeBlock(
			      (unsigned char *)plain, (const unsigned char *)coded, (int)len) < 0) {
		free(plain);
		return NULL;
	}
	return plain; /* with NULs in the place of the padding */
}

static int swap_basic(
	struct outgoing *o, const struct credential *c, const char *plain, const char **value)
{
	char *text = swapped(o, c, CREDENTIAL_RAW, plain, strlen(plain));
	size_t len = text ? strlen(text) : 0;
	char *coded = text ? outgoing_room(o, 6 + 4 * (len / 3 + 1) + 1) : NULL;

	if (!coded)
		return -ENOMEM;
	memcpy(coded, "Basic ", 6);
	EVP_EncodeBlock((unsigned char *)coded + 6, (unsigned char *)text, (int)len);
	*value = coded;
	return 0;
}

/* How often it stands in a field, as it is or in Basic's base64; *ret_basic: decoded, if there. */
static unsigned int count_value(
	const struct credential *c, const char *value, char **ret_basic, size_t *ret_size)
{
	const char *from = c->auth->placeholder;
	unsigned int n = swap_count(from, value, strlen(value));

	*ret_basic = n == 0 ? basic_plain(value, ret_size) : NULL;
	return *ret_basic ? swap_count(from, *ret_basic, strlen(*ret_basic)) : n;
}

int outgoing_swap_value(struct outgoing *o, const struct credential *c, const char **value)
{
	size_t size;
	char *basic;
	unsigned int n;
	int r = 0;

	if (!swaps_in(c, POLICY_IN_HEADER))
		return 0;
	n = count_value(c, *value, &basic, &size);
	if (n > 0 && basic) {
		r = swap_basic(o, c, basic, value);
	} else if (n > 0) {
		*value = swapped(o, c, CREDENTIAL_RAW, *value, strlen(*value));
		r = *value ? 0 : -ENOMEM;
	}
	if (basic)
		secret_wipe(basic, size);
	free(basic);
	return r < 0 ? r : n > 0;
}

char *outgoing_basic(const struct outgoing_request *q, const struct http1_field *f)
{
	const struct credential *c = q->credential;
	size_t size;
	char *basic = NULL;

	if (!swaps_in(c, POLICY_IN_HEADER) || count_value(c, f->value, &basic, &size) > 0)
		return basic;
	free(basic);
	return NULL;
}

/* ---- the target */

/*
 * The path is in its canonical spelling, in which a placeholder stands as it is. The query is as
 * the agent wrote it: its unreserved characters may be percent-encoded, and then are decoded.
 */
static char *plain_query(struct outgoing *o, const char *query)
{
	size_t len = strlen(query), n = 0;
	char *out = outgoing_room(o, len + 1);

	for (size_t i = 0; out && i < len; i++) {
		int high = query[i] == '%' ? http1_hex_digit(query[i + 1]) : -1;
		int low = high < 0 ? -1 : http1_hex_digit(query[i + 2]);

		if (low >= 0 && target_is_unreserved(high << 4 | low)) {
			out[n++] = (char)(high << 4 | low);
			i += 2;
		} else {
			out[n++] = query[i];
		}
	}
	return out;
}

int outgoing_swap_target(struct outgoing *o, const struct outgoing_request *q)
{
	const struct credential *c = q->credential;
	const struct target *t = q->target;
	const char *path = NULL, *query = t->text + t->path_len;
	size_t path_len = t->path_len;
	char *both;

	if (swaps_in(c, POLICY_IN_PATH)) {
		path = swapped(o, c, CREDENTIAL_PERCENT, t->text, t->path_len);
		path_len = path ? strlen(path) : 0;
	} else {
		path = t->text;
	}
	if (swaps_in(c, POLICY_IN_QUERY)) {
		query = plain_query(o, query);
		query = query ? swapped(o, c, CREDENTIAL_PERCENT, query, strlen(query)) : NULL;
	}
	both = path && query ? outgoing_room(o, path_len + strlen(query) + 1) : NULL;
	if (!both)
		return -ENOMEM;
	memcpy(both, path, path_len);
	memcpy(both + path_len, query, strlen(query));
	o->target = both;
	return 0;
}

/* ---- the body */

static enum credential_form form_of_body(const struct http1_head *head)
{
	const char *type = http1_field(head, "Content-Type", NULL);
	size_t len = type ? strcspn(type, "; \t") : 0;

	if (!type)
		return CREDENTIAL_RAW;
	if (strncasecmp(type, "application/x-www-form-urlencoded", 33) == 0 && len == 33)
		return CREDENTIAL_PERCENT;
	if ((len >= 4 && strncasecmp(type + len - 4, "json", 4) == 0) ||
		(len >= 6 && strncasecmp(type + len - 6, "ndjson", 6) == 0))
		return CREDENTIAL_JSON;
	return len >= 3 && strncasecmp(type + len - 3, "xml", 3) == 0 ? CREDENTIAL_XML
								      : CREDENTIAL_RAW;
}

/* What is compressed is sent as it is. */
static bool swaps_body(const struct outgoing_request *q)
{
	const char *coding = http1_field(q->head, "Content-Encoding", NULL);

	return swaps_in(q->credential, POLICY_IN_BODY) && q->length->framing != HTTP1_NO_BODY &&
	       (!coding || strcasecmp(coding, "identity") == 0);
}

void outgoing_swap(const struct outgoing_request *q, struct swap *ret)
{
	const struct credential *c = q->credential;
	const struct secret *to = &c->forms[form_of_body(q->head)];

	*ret = (struct swap){0};
	if (swaps_body(q))
		swap_start(ret, c->auth->placeholder, to->bytes, to->len);
}

/* ---- all of it */

static unsigned int count_fields(const struct outgoing_request *q)
{
	unsigned int n = 0;

	for (size_t i = 0; i < q->head->n_fields; i++) {
		const struct http1_field *f = &q->head->fields[i];
		size_t size;
		char *basic;

		if (!outgoing_sends(q, f))
			continue;
		n += count_value(q->credential, f->value, &basic, &size);
		free(basic); /* the placeholder, no value */
	}
	return n;
}

static unsigned int count_query(const struct outgoing_request *q)
{
	struct outgoing o = {0};
	const char *plain = plain_query(&o, q->target->text + q->target->path_len);
	unsigned int n =
		plain ? swap_count(q->credential->auth->placeholder, plain, strlen(plain)) : 0;

	outgoing_done(&o);
	return n;
}

unsigned int outgoing_count(const struct outgoing_request *q)
{
	const struct credential *c = q->credential;
	const char *from = c->auth->placeholder;
	unsigned int n = 0;

	if (swaps_in(c, POLICY_IN_HEADER))
		n += count_fields(q);
	if (swaps_in(c, POLICY_IN_PATH))
		n += swap_count(from, q->target->text, q->target->path_len);
	if (swaps_in(c, POLICY_IN_QUERY))
		n += count_query(q);
	if (swaps_body(q))
		n += swap_count(from, q->body, q->body_len);
	return n;
}
