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
	unsigned char *value; /* as long as the document, which is longer than any of its strings */
	size_t n;
	bool is_named; /* by a key that tells of a secret */
	bool is_name;
	known_document_fn *fn;
	void *arg;
	size_t told;
};

bool known_document_is(const unsigned char *p, size_t len)
{
	while (len > 0 && (*p == ' ' || *p == '\t' || *p == '\r' || *p == '\n')) {
		p++;
		len--;
	}
	return len > 1 && (*p == '{' || (*p == '[' && memchr(p, '"', len)));
}

/* Where a server is said to be, is no secret, whatever it is of. */
static bool names_secret(const char *key)
{
	static const char *const words[] = {"pass", "secret", "token", "key", "auth", "credential",
		"cookie", "session", "signature", "pin"};
	static const char *const no_secrets[] = {
		"_uri", "_url", "_id", "_type", "endpoint", "_name", "_email"};
	bool found = false;

	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		found |= strcasestr(key, words[i]) != NULL;
	for (size_t i = 0; i < ARRAY_LEN(no_secrets); i++)
		found &= !str_ends(key, no_secrets[i]);
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
	int r;

	d->n = 0;
	if (d->is_name || n < VALUE_MIN)
		return 0;
	r = d->is_named ? 1 : is_random(d->value, n);
	if (r <= 0)
		return r;
	d->told++;
	return d->fn(d->arg, d->value, n);
}

int known_document_each(
	const unsigned char *p, size_t len, known_document_fn *fn, void *arg, size_t *ret_n)
{
	struct document d = {.value = calloc(1, len), .fn = fn, .arg = arg};
	const struct values_out out = {on_piece, on_end, &d};
	struct values_reader *reader = values_open(VALUES_JSON);
	int r = d.value && reader ? 0 : -ENOMEM;

	if (r == 0)
		r = values_feed(reader, p, len, &out);
	if (r == 0)
		r = values_finish(reader, &out);
	values_close(reader);
	if (d.value)
		secret_wipe(d.value, len);
	free(d.value);
	*ret_n = d.told;
	return r;
}
