#include "scan/known_document.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/ptr.h"
#include "base/secret.h"
#include "base/str.h"
#include "scan/known_value.h"
#include "scan/values.h"

/* A string whose key says nothing is no secret below this. */
#define RANDOM_MIN 20
#define VALUE_MIN  8

struct document {
	unsigned char *value; /* of JSON: as long as the document, so longer than any string */
	size_t n;
	bool is_name;
	bool is_named; /* by a key that tells of a secret */
	known_document_fn *fn;
	void *arg;
	size_t told;
};

static bool is_blank(unsigned char c)
{
	return c <= ' ' || c == '"' || c == '\'' || c == ',';
}

static bool is_json(const unsigned char *p, size_t len)
{
	while (len > 0 && is_blank(*p)) {
		p++;
		len--;
	}
	return len > 1 && (*p == '{' || (*p == '[' && memchr(p, '"', len)));
}

static bool is_lines(const unsigned char *p, size_t len)
{
	const unsigned char *end = memchr(p, '\n', len);

	return end && end + 1 < p + len && !memmem(p, len, "-----BEGIN", 10);
}

bool known_document_is(const unsigned char *p, size_t len)
{
	return is_json(p, len) || is_lines(p, len);
}

/* Where a server is said to be and what is certified is no secret, whatever it is of. */
static bool names_secret(const char *key)
{
	static const char *const words[] = {"pass", "secret", "token", "key", "auth", "credential",
		"cookie", "session", "signature", "pin"};
	static const char *const no_secrets[] = {"_uri", "_url", "_id", "_type", "endpoint",
		"_name", "_email", "cert", "authority", "public"};
	bool found = false;

	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		found |= strcasestr(key, words[i]) != NULL;
	for (size_t i = 0; i < ARRAY_LEN(no_secrets); i++)
		found &= !strcasestr(key, no_secrets[i]);
	return found;
}

static int is_random(const unsigned char *p, size_t len)
{
	cleanup_known_value struct known_value v = {0};
	bool random = false, digits = true;

	if (len < RANDOM_MIN || memchr(p, ' ', len) || memchr(p, '@', len) ||
		memmem(p, len, "://", 3))
		return false;
	if (known_value_init(&v, p, len) < 0)
		return -ENOMEM;
	for (size_t i = 0; i < len; i++) {
		random |= v.marks[i] == KNOWN_RANDOM;
		digits &= p[i] >= '0' && p[i] <= '9';
	}
	return random && !digits && known_value_is_random(&v, 0, len - 1);
}

static int tell(struct document *d, const unsigned char *p, size_t len)
{
	int r = len < VALUE_MIN ? 0 : d->is_named ? 1 : is_random(p, len);

	if (r <= 0)
		return r;
	d->told++;
	return d->fn(d->arg, p, len);
}

/* ---- JSON */

static int on_piece(void *arg, const char *name, const unsigned char *p, size_t len)
{
	struct document *d = arg;

	if (d->n == 0) {
		d->is_name = str_eq(name, VALUES_NAMES);
		d->is_named = names_secret(name);
	}
	memcpy(d->value + d->n, p, len);
	d->n += len;
	return 0;
}

static int on_end(void *arg)
{
	struct document *d = arg;
	size_t n = d->n;

	d->n = 0;
	return d->is_name ? 0 : tell(d, d->value, n);
}

static int read_json(struct document *d, const unsigned char *p, size_t len)
{
	const struct values_out out = {on_piece, on_end, d};
	struct values_reader *reader = values_open(VALUES_JSON);
	int r;

	d->value = calloc(1, len);
	r = d->value && reader ? values_feed(reader, p, len, &out) : -ENOMEM;
	if (r == 0)
		r = values_finish(reader, &out);
	values_close(reader);
	if (d->value)
		secret_wipe(d->value, len);
	free(d->value);
	return r;
}

/* ---- lines */

/* KEY=VALUE, KEY: VALUE, and KEY VALUE, whatever stands around them. */
static int read_word(struct document *d, const unsigned char *p, size_t len)
{
	const unsigned char *key_end = memchr(p, '=', len);
	char key[64];
	int r = 0;

	if (key_end && key_end + VALUE_MIN < p + len) {
		size_t n = (size_t)(key_end - p);

		r = read_word(d, p, n);
		len -= n + 1;
		p = key_end + 1;
	}
	if (r < 0)
		return r;
	r = tell(d, p, len);
	len = len < sizeof(key) - 1 ? len : sizeof(key) - 1;
	memcpy(key, p, len);
	key[len] = '\0';
	d->is_named = names_secret(key);
	secret_wipe(key, sizeof(key));
	return r;
}

static int read_lines(struct document *d, const unsigned char *p, size_t len)
{
	int r = 0;

	for (size_t at = 0, end; r == 0 && at < len; at = end) {
		while (at < len && is_blank(p[at]))
			at++;
		for (end = at; end < len && !is_blank(p[end]);)
			end++;
		if (end > at)
			r = read_word(d, p + at, end - at);
	}
	return r;
}

int known_document_each(
	const unsigned char *p, size_t len, known_document_fn *fn, void *arg, size_t *ret_n)
{
	struct document d = {.fn = fn, .arg = arg};
	int r = is_json(p, len) ? read_json(&d, p, len) : read_lines(&d, p, len);

	*ret_n = d.told;
	return r;
}
