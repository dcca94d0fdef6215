#include "egress/websocket_extensions.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define DEFLATE "permessage-deflate"

/* ---- reading: extension *( ";" parameter [ "=" value ] ), separated by commas */

struct token {
	const char *p;
	size_t len;
};

static void skip_blanks(const char **p)
{
	*p += strspn(*p, " \t");
}

static bool take(const char **p, char c)
{
	skip_blanks(p);
	if (**p != c)
		return false;
	(*p)++;
	return true;
}

/* RFC 9110, 5.6.2. */
static bool take_token(const char **p, struct token *ret)
{
	skip_blanks(p);
	ret->p = *p;
	ret->len = strspn(*p, "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyz"
			      "ABCDEFGHIJKLMNOPQRSTUVWXYZ");
	*p += ret->len;
	return ret->len > 0;
}

static bool is(const struct token *t, const char *word)
{
	return t->len == strlen(word) && strncasecmp(t->p, word, t->len) == 0;
}

/* A token, which may stand in quotes (section 9.1). */
static bool take_value(const char **p, struct token *ret)
{
	bool quoted = take(p, '"');

	return take_token(p, ret) && (!quoted || *(*p)++ == '"');
}

/* 8 to 15, without zeros in front. */
static unsigned int bits_of(const struct token *t)
{
	if (t->len == 1 && (*t->p == '8' || *t->p == '9'))
		return (unsigned int)(*t->p - '0');
	if (t->len == 2 && t->p[0] == '1' && t->p[1] >= '0' && t->p[1] <= '5')
		return 10 + (unsigned int)(t->p[1] - '0');
	return 0;
}

static bool set_once(bool *flag, const struct token *value)
{
	bool was = *flag;

	*flag = true;
	return !was && !value;
}

static bool set_bits(unsigned int *bits, const struct token *value)
{
	if (*bits || !value)
		return false;
	*bits = bits_of(value);
	return *bits > 0;
}

/* value: NULL when there is none. False: not a parameter as it may be. */
static bool set_parameter(
	struct websocket_deflate *d, const struct token *name, const struct token *value)
{
	if (is(name, "server_no_context_takeover"))
		return set_once(&d->server_forgets, value);
	if (is(name, "client_no_context_takeover"))
		return set_once(&d->client_forgets, value);
	if (is(name, "server_max_window_bits"))
		return set_bits(&d->server_bits, value);
	if (!is(name, "client_max_window_bits") || d->client_may)
		return false;
	d->client_may = true;
	return !value || set_bits(&d->client_bits, value);
}

/* One extension with its parameters. 1: it is permessage-deflate; 0: another one; -EPROTO. */
static int parse_one(const char **p, struct websocket_deflate *ret)
{
	struct token name, value;
	bool known;

	if (!take_token(p, &name))
		return -EPROTO;
	known = is(&name, DEFLATE);
	*ret = (struct websocket_deflate){0};
	while (take(p, ';')) {
		bool has_value;

		if (!take_token(p, &name))
			return -EPROTO;
		has_value = take(p, '=');
		if (has_value && !take_value(p, &value))
			return -EPROTO;
		if (known && !set_parameter(ret, &name, has_value ? &value : NULL))
			return -EPROTO;
	}
	return known;
}

int websocket_extensions_parse(const char *value, struct websocket_deflate *ret, bool *ret_other)
{
	int n = 0;

	*ret_other = false;
	do {
		struct websocket_deflate one;
		int r = parse_one(&value, &one);

		if (r < 0 || (r == 1 && n == WEBSOCKET_DEFLATES_MAX))
			return -EPROTO;
		if (r == 0)
			*ret_other = true;
		else
			ret[n++] = one;
	} while (take(&value, ','));
	skip_blanks(&value);
	return *value ? -EPROTO : n;
}

/* ---- writing */

struct out {
	char *p;
	size_t size, len;
};

__attribute__((format(printf, 2, 3))) static void add(struct out *o, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(o->p + o->len, o->size - o->len, fmt, ap);
	va_end(ap);
	o->len += (size_t)n;
	if (o->len >= o->size)
		o->len = o->size - 1;
}

static void add_one(struct out *o, const struct websocket_deflate *d)
{
	add(o, DEFLATE);
	if (d->server_forgets)
		add(o, "; server_no_context_takeover");
	if (d->client_forgets)
		add(o, "; client_no_context_takeover");
	if (d->server_bits)
		add(o, "; server_max_window_bits=%u", d->server_bits);
	if (d->client_bits)
		add(o, "; client_max_window_bits=%u", d->client_bits);
	else if (d->client_may)
		add(o, "; client_max_window_bits");
}

bool websocket_extensions_write(
	const struct websocket_deflate *list, size_t n, char *ret, size_t size)
{
	struct out o = {.p = ret, .size = size};

	*ret = '\0';
	for (size_t i = 0; i < n; i++) {
		add(&o, "%s", i > 0 ? ", " : "");
		add_one(&o, &list[i]);
	}
	return o.len + 1 < size;
}

/* ---- choosing */

bool websocket_extensions_allow(
	const struct websocket_deflate *offer, const struct websocket_deflate *choice)
{
	if (offer->server_forgets && !choice->server_forgets)
		return false;
	if (offer->server_bits &&
		(!choice->server_bits || choice->server_bits > offer->server_bits))
		return false;
	/* In an answer it has a value, and none that is larger than the offer's. */
	if (choice->client_may && (!offer->client_may || !choice->client_bits))
		return false;
	return !choice->client_bits || !offer->client_bits ||
	       choice->client_bits <= offer->client_bits;
}
