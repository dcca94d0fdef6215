#include "scan/values.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/secret.h"
#include "scan/values_reader.h"

struct values_reader *values_open(enum values_kind kind)
{
	struct values_reader *r = calloc(1, sizeof(*r));

	if (r)
		r->kind = kind;
	return r;
}

void values_close(struct values_reader *r)
{
	if (!r)
		return;
	secret_wipe(r, sizeof(*r));
	free(r);
}

/* ---- what both kinds share */

int values_write(
	struct values_reader *r, const unsigned char *p, size_t len, const struct values_out *out)
{
	if (len == 0)
		return 0;
	r->is_written = true;
	if (!r->in_name)
		return out->write(out->arg, r->name, p, len);
	for (size_t i = 0; i < len && r->name_len < VALUES_NAME_MAX - 1; i++)
		if (p[i] < '0' || p[i] > '9')
			r->name[r->name_len++] = (char)p[i];
	r->name[r->name_len] = '\0';
	return out->write(out->arg, VALUES_NAMES, p, len);
}

void values_begin(struct values_reader *r, bool is_name)
{
	r->in_name = is_name;
	r->is_written = false;
	if (is_name) {
		r->name_len = 0;
		r->name[0] = '\0';
	}
}

int values_end(struct values_reader *r, const struct values_out *out)
{
	bool is_written = r->is_written;

	r->in_name = r->is_written = false;
	return is_written ? out->end(out->arg) : 0;
}

int values_feed(
	struct values_reader *r, const unsigned char *p, size_t len, const struct values_out *out)
{
	if (r->kind == VALUES_JSON)
		return values_feed_json(r, p, len, out);
	if (r->kind == VALUES_FORM)
		return values_feed_form(r, p, len, out);
	return 0;
}

int values_finish(struct values_reader *r, const struct values_out *out)
{
	enum values_kind kind = r->kind;
	int rc = kind == VALUES_FORM ? values_finish_form(r, out) : 0;

	if (rc == 0)
		rc = values_end(r, out);
	secret_wipe(r, sizeof(*r));
	r->kind = kind;
	return rc;
}

/* ---- which kind */

static bool is_space(unsigned char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* NAME= or NAME[…]= without a blank is a form, where nobody says what it is. */
static bool is_form(const unsigned char *p, size_t len)
{
	size_t i = 0;

	while (i < len && i < VALUES_NAME_MAX &&
		((p[i] >= '0' && p[i] <= '9') || ((p[i] | 0x20) >= 'a' && (p[i] | 0x20) <= 'z') ||
			(p[i] && strchr("_-.[]%", p[i]))))
		i++;
	if (i == 0 || i == len || p[i] != '=')
		return false;
	for (; i < len; i++)
		if (is_space(p[i]))
			return false;
	return true;
}

static bool begins(const unsigned char *p, size_t len, const char *word)
{
	return len >= strlen(word) && memcmp(p, word, strlen(word)) == 0;
}

enum values_kind values_kind_of(const char *content_type, const unsigned char *p, size_t len)
{
	if (content_type && *content_type) {
		if (strcasestr(content_type, "json") || strcasestr(content_type, "event-stream"))
			return VALUES_JSON;
		return strcasestr(content_type, "x-www-form-urlencoded") ? VALUES_FORM
									 : VALUES_NONE;
	}
	while (len > 0 && is_space(*p)) {
		p++;
		len--;
	}
	if (len > 0 &&
		(*p == '{' || *p == '[' || begins(p, len, "data:") || begins(p, len, "event:")))
		return VALUES_JSON;
	return is_form(p, len) ? VALUES_FORM : VALUES_NONE;
}
