#include "egress/needles_spell.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>

#include "base/ptr.h"
#include "base/secret.h"
#include "egress/target.h"

/* The longest spelling of one byte: &quot; */
#define ONE_MAX 6

static const char upper[] = "0123456789ABCDEF", lower[] = "0123456789abcdef";

/* What one byte becomes, with its NUL; unlike itself or not. */
struct spelling {
	void (*one)(const struct spelling *s, unsigned char c, char out[static ONE_MAX + 2]);
	const char *keeps;		/* percent: signs left alone beside the unreserved ones */
	const char *digits;		/* in which case */
	const char *apostrophe, *quote; /* html */
};

static void percent(const struct spelling *s, unsigned char c, char out[static ONE_MAX + 2])
{
	if (target_is_unreserved(c) || strchr(s->keeps, c))
		snprintf(out, ONE_MAX + 2, "%c", c);
	else
		snprintf(out, ONE_MAX + 2, "%%%c%c", s->digits[c >> 4], s->digits[c & 15]);
}

/* RFC 8259 section 7; `keeps`: signs that are escaped, too, with a backslash. */
static void json(const struct spelling *s, unsigned char c, char out[static ONE_MAX + 2])
{
	snprintf(out, ONE_MAX + 2, "%s%c", c == '"' || c == '\\' || strchr(s->keeps, c) ? "\\" : "",
		c);
}

/* What would end a script or an attribute is written by its number. */
static void json_for_html(const struct spelling *s, unsigned char c, char out[static ONE_MAX + 2])
{
	if (strchr("<>&'+", c))
		snprintf(out, ONE_MAX + 2, "\\u00%c%c", s->digits[c >> 4], s->digits[c & 15]);
	else
		json(s, c, out);
}

static void html(const struct spelling *s, unsigned char c, char out[static ONE_MAX + 2])
{
	const char *entity = c == '&'		     ? "&amp;"
			     : c == '<'		     ? "&lt;"
			     : c == '>'		     ? "&gt;"
			     : c == '"'		     ? s->quote
			     : c == '\''	     ? s->apostrophe
			     : c == '+' && *s->keeps ? "&#43;"
						     : NULL;

	if (entity)
		snprintf(out, ONE_MAX + 2, "%s", entity);
	else
		snprintf(out, ONE_MAX + 2, "%c", c);
}

static void hexadecimal(const struct spelling *s, unsigned char c, char out[static ONE_MAX + 2])
{
	snprintf(out, ONE_MAX + 2, "%c%c", s->digits[c >> 4], s->digits[c & 15]);
}

static const struct spelling spellings[] = {
	{percent, "", upper, NULL, NULL},
	{percent, "", lower, NULL, NULL},
	{percent, "/", upper, NULL, NULL},		/* Python */
	{percent, "!*'()", upper, NULL, NULL},		/* encodeURIComponent */
	{percent, "/:@!$&'()*+,;=", upper, NULL, NULL}, /* a path */
	{percent, "/:@!$&'()*+,;=", lower, NULL, NULL},
	{percent, "/:@!$'()*,;?", upper, NULL, NULL}, /* a parameter's value */
	{json, "", upper, NULL, NULL},
	{json, "/", upper, NULL, NULL}, /* PHP */
	{json_for_html, "", lower, NULL, NULL},
	{json_for_html, "", upper, NULL, NULL},
	{json_for_html, "/", upper, NULL, NULL},
	{html, "", upper, "&#39;", "&quot;"},
	{html, "", upper, "&#x27;", "&quot;"},
	{html, "+", upper, "&#39;", "&#34;"}, /* Go */
	{html, "", upper, "&apos;", "&quot;"},
	{html, "", upper, "'", "\""}, /* between tags */
	{html, "", upper, "'", "&quot;"},
	{hexadecimal, "", lower, NULL, NULL},
	{hexadecimal, "", upper, NULL, NULL},
};

static int spell(const struct spelling *s, const char *value, size_t len, unsigned char *work,
	needles_spelt_fn *spelt, void *arg)
{
	size_t n = 0;

	for (size_t i = 0; i < len; i++) {
		char one[ONE_MAX + 2];
		size_t k;

		s->one(s, (unsigned char)value[i], one);
		k = strlen(one);
		memcpy(work + n, one, k);
		n += k;
	}
	return spelt(arg, work, n);
}

/* From its first byte to its last, so that it is found in either byte order. */
static int spell_wide(
	const char *value, size_t len, unsigned char *work, needles_spelt_fn *spelt, void *arg)
{
	for (size_t i = 0; i < len; i++) {
		work[2 * i] = (unsigned char)value[i];
		work[2 * i + 1] = 0;
	}
	return spelt(arg, work, 2 * len - 1);
}

/* The characters that the value alone decides, wherever in a group of three its first byte is. */
static int spell_base64(const char *value, size_t len, unsigned char *work, unsigned int offset,
	needles_spelt_fn *spelt, void *arg)
{
	static const size_t decided_from[] = {0, 2, 3};
	unsigned char *out = work + len + 3;
	size_t from = decided_from[offset], to = (offset + len) * 8 / 6;
	int r;

	memset(work, 0, offset);
	memcpy(work + offset, value, len);
	EVP_EncodeBlock(out, work, (int)(offset + len));
	r = spelt(arg, out + from, to - from);
	for (size_t i = from; i < to; i++)
		out[i] = out[i] == '+' ? '-' : out[i] == '/' ? '_' : out[i];
	return r < 0 ? r : spelt(arg, out + from, to - from);
}

int needles_spell(const char *value, size_t len, needles_spelt_fn *spelt, void *arg)
{
	size_t size = ONE_MAX * len + 16;
	unsigned char *work = malloc(size);
	int r = work ? spelt(arg, (const unsigned char *)value, len) : -ENOMEM;

	for (unsigned int offset = 0; r == 0 && offset < 3; offset++)
		r = spell_base64(value, len, work, offset, spelt, arg);
	for (size_t i = 0; r == 0 && i < ARRAY_LEN(spellings); i++)
		r = spell(&spellings[i], value, len, work, spelt, arg);
	if (r == 0 && len > 0)
		r = spell_wide(value, len, work, spelt, arg);
	if (work)
		secret_wipe(work, size);
	free(work);
	return r;
}
