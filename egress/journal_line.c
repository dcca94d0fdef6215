#include "egress/journal_line.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/ptr.h"

/* Room for what tells that something was left out, and for seq, time and chain. */
#define RESERVED   512
#define NOT_LOGGED "[not logged]"

void journal_line_done(struct journal_line *l)
{
	str_done(&l->text);
}

/* ---- text that is ASCII, whatever it was */

/*
 * The character at p (RFC 3629, read strictly: no overlong form, no surrogate, nothing above
 * U+10FFFF), *ret_len bytes long; -1: the byte at p begins none.
 */
static int32_t utf8_at(const unsigned char *p, size_t *ret_len)
{
	static const int32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	size_t n = *p < 0xc2 ? 0 : *p < 0xe0 ? 2 : *p < 0xf0 ? 3 : *p < 0xf5 ? 4 : 0;
	int32_t c = n ? *p & (0xff >> (n + 1)) : -1;

	*ret_len = n ? n : 1;
	for (size_t i = 1; i < n; i++) {
		if ((p[i] & 0xc0) != 0x80) {
			*ret_len = 1;
			return -1;
		}
		c = c << 6 | (p[i] & 0x3f);
	}
	if (n && (c < least[n] || c > 0x10ffff || (c >= 0xd800 && c < 0xe000))) {
		*ret_len = 1;
		return -1;
	}
	return c;
}

/* U+FFFD stands for what is no UTF-8. */
static void add_wide(struct str *out, int32_t c)
{
	if (c < 0)
		c = 0xfffd;
	if (c < 0x10000) {
		str_addf(out, "\\u%04x", (unsigned int)c);
		return;
	}
	c -= 0x10000;
	str_addf(out, "\\u%04x\\u%04x", 0xd800U + ((unsigned int)c >> 10),
		0xdc00U + ((unsigned int)c & 0x3ff));
}

static void add_escaped(struct str *out, const char *value)
{
	const unsigned char *p = (const unsigned char *)value;

	while (*p) {
		size_t len = 1;

		if (*p == '"' || *p == '\\')
			str_addf(out, "\\%c", *p);
		else if (*p >= 0x20 && *p < 0x7f)
			str_add_char(out, (char)*p);
		else if (*p < 0x80)
			str_addf(out, "\\u%04x", *p);
		else
			add_wide(out, utf8_at(p, &len));
		p += len;
	}
}

static void add_quoted(struct str *out, const char *value)
{
	str_add_char(out, '"');
	add_escaped(out, value);
	str_add_char(out, '"');
}

/* ---- members */

/* A member that may have made the line too long is taken back. */
static void keep_or_cut(struct journal_line *l, size_t before)
{
	if (l->text.len <= JOURNAL_LINE_MAX - RESERVED)
		return;
	l->text.s[before] = '\0';
	l->text.len = before;
	l->cut = true;
}

/*
 * The whole value is looked at, and then cut: the half of a secret is one that nobody knows any
 * more.
 */
static void add_value(struct journal_line *l, const char *name, const char *value)
{
	cleanup_free char *copy = strdup(value);

	if (!copy) {
		l->text.failed = true;
		return;
	}
	if (l->rules)
		rules_redact(l->rules, copy);
	if (l->mask && l->mask(l->arg, name, copy) < 0) {
		add_quoted(&l->text, NOT_LOGGED);
		return;
	}
	if (strlen(copy) > JOURNAL_VALUE_MAX) {
		copy[JOURNAL_VALUE_MAX] = '\0';
		l->cut = true;
	}
	add_quoted(&l->text, copy);
}

static void add_name(struct journal_line *l, const char *name)
{
	str_add_char(&l->text, ',');
	add_quoted(&l->text, name);
	str_add_char(&l->text, ':');
}

void journal_line_add(struct journal_line *l, const char *name, const char *value)
{
	size_t before = l->text.len;

	if (!value)
		return;
	add_name(l, name);
	add_value(l, name, value);
	keep_or_cut(l, before);
}

void journal_line_word(struct journal_line *l, const char *name, const char *value)
{
	size_t before = l->text.len;

	if (!value)
		return;
	add_name(l, name);
	add_quoted(&l->text, value);
	keep_or_cut(l, before);
}

void journal_line_number(struct journal_line *l, const char *name, int64_t value)
{
	size_t before = l->text.len;

	add_name(l, name);
	str_addf(&l->text, "%lld", (long long)value);
	keep_or_cut(l, before);
}

void journal_line_span(struct journal_line *l, const char *name, int64_t from_us, int64_t to_us)
{
	size_t before = l->text.len;
	int64_t us = to_us - from_us;

	if (from_us == 0 || to_us == 0 || us < 0)
		return;
	add_name(l, name);
	str_addf(&l->text, "%lld.%03d", (long long)(us / 1000), (int)(us % 1000));
	keep_or_cut(l, before);
}

/* ---- fields of a head */

static bool is_private(const char *name)
{
	static const char *const names[] = {"Authorization", "Proxy-Authorization", "Cookie",
		"Set-Cookie", "X-Api-Key", "Api-Key", "Private-Token", "X-Auth-Token",
		"X-Amz-Security-Token", "X-Goog-Api-Key"};

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (strcasecmp(names[i], name) == 0)
			return true;
	return false;
}

static bool came_before(const struct http1_head *head, size_t i)
{
	for (size_t j = 0; j < i; j++)
		if (strcasecmp(head->fields[j].name, head->fields[i].name) == 0)
			return true;
	return false;
}

/* PREFIX.name-in-lower-case */
static void add_field_name(struct journal_line *l, const char *prefix, const char *field)
{
	cleanup_free char *name = str_format("%s.%s", prefix, field);

	if (!name) {
		l->text.failed = true;
		return;
	}
	for (char *p = name; *p; p++)
		*p = (char)tolower((unsigned char)*p);
	str_add_char(&l->text, ',');
	add_value(l, "header names", name);
	str_add(&l->text, ":[");
}

static void add_field(
	struct journal_line *l, const char *prefix, const struct http1_head *head, size_t first)
{
	const char *name = head->fields[first].name;
	size_t before = l->text.len;

	add_field_name(l, prefix, name);
	for (size_t i = first; i < head->n_fields; i++) {
		if (strcasecmp(head->fields[i].name, name) != 0)
			continue;
		if (i > first)
			str_add_char(&l->text, ',');
		if (is_private(name))
			add_quoted(&l->text, NOT_LOGGED);
		else
			add_value(l, name, head->fields[i].value);
	}
	str_add_char(&l->text, ']');
	keep_or_cut(l, before);
}

void journal_line_fields(struct journal_line *l, const char *prefix, const struct http1_head *head)
{
	for (size_t i = 0; i < head->n_fields; i++)
		if (!came_before(head, i))
			add_field(l, prefix, head, i);
}
