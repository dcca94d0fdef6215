#include "scan/rule_pattern.h"

#include <errno.h>
#include <string.h>

#include "base/ptr.h"
#include "base/str.h"
#include "scan/rule_class.h"

#define DEPTH_MAX  100
#define REPEAT_MAX 1000 /* RE2's */

/*
 * Theory of operation. One pass, that writes each item anew: what it reads is RE2's, what it writes
 * are the few forms that RE2, PCRE2 and Hyperscan read alike, so that nothing else can slip
 * through. Flags hold to the end of their group: a stack of them.
 */
struct flags {
	bool caseless, swapped; /* i and U; m and s need only be written */
};

struct rewriting {
	const char *p;
	struct str out;
	struct flags stack[DEPTH_MAX];
	size_t depth;
	bool item;     /* something stands before that can be repeated */
	bool repeated; /* it was already */
	bool wider;
	struct err *e;
};

static struct flags *flags_of(struct rewriting *w)
{
	return &w->stack[w->depth];
}

static int wrong(struct rewriting *w, const char *what)
{
	return err_say(w->e, EINVAL, "%s", what);
}

static void put_item(struct rewriting *w)
{
	w->item = true;
	w->repeated = false;
}

/* ---- repetition */

/* {n}, {n,} (both ends n), {n,m}; false: the brace is an ordinary character. */
static bool read_braces(const char **p, unsigned int *min, unsigned int *max)
{
	const char *s = *p + 1;
	unsigned int n[2] = {0, 0};
	size_t len[2] = {0, 0}, part = 0;

	for (; *s && *s != '}'; s++) {
		if (*s == ',' && part == 0)
			part = 1;
		else if (*s >= '0' && *s <= '9' && len[part] < 9)
			n[part] = n[part] * 10 + (unsigned int)(*s - '0'), len[part]++;
		else
			return false;
	}
	if (*s != '}' || len[0] == 0)
		return false;
	*min = n[0];
	*max = part == 0 ? n[0] : len[1] ? n[1] : *min;
	*p = s + 1;
	return true;
}

/* What follows a quantifier: '?' makes it lazy, or greedy where U swaps them. */
static int finish_repetition(struct rewriting *w)
{
	bool mark = *w->p == '?';

	if (!w->item)
		return wrong(w, "a repetition of nothing");
	if (w->repeated)
		return wrong(w, "a repetition of a repetition, which RE2 does not have");
	w->p += mark;
	if (mark != flags_of(w)->swapped)
		str_add_char(&w->out, '?');
	w->repeated = true;
	return 0;
}

static int read_repetition(struct rewriting *w)
{
	const char *start = w->p;
	unsigned int min, max;

	if (*w->p != '{') {
		str_add_char(&w->out, *w->p++);
		return finish_repetition(w);
	}
	if (!read_braces(&w->p, &min, &max)) {
		w->p++;
		str_add(&w->out, "\\{");
		put_item(w);
		return 0;
	}
	if (min > REPEAT_MAX || max > REPEAT_MAX || max < min)
		return wrong(w, "a repetition {n,m}: RE2 has up to 1000, in order");
	str_add_bytes(&w->out, start, (size_t)(w->p - start));
	return finish_repetition(w);
}

/* ---- groups */

static int push(struct rewriting *w)
{
	if (w->depth + 1 == DEPTH_MAX)
		return wrong(w, "groups are nested too deep");
	w->stack[w->depth + 1] = w->stack[w->depth];
	w->depth++;
	w->item = false;
	return 0;
}

/* (?i-s) and (?i-s:…), behind the '?'. U is dropped: it is applied to each repetition. */
static int read_flags(struct rewriting *w)
{
	const char *end = w->p + strspn(w->p, "imsU-");
	struct flags f = *flags_of(w);
	cleanup_str struct str kept = {0};
	bool on = true;
	int rc = 0;

	if (*end != ')' && *end != ':')
		return wrong(w, "(? is followed by what RE2 has not: look-around, atomic groups, "
				"conditions, comments, flags other than i, m, s, U");
	for (; w->p < end; w->p++) {
		if (*w->p == '-' && !on)
			return wrong(w, "flags with two minus signs");
		on = on && *w->p != '-';
		f.caseless = *w->p == 'i' ? on : f.caseless;
		f.swapped = *w->p == 'U' ? on : f.swapped;
		if (*w->p != 'U')
			str_add_char(&kept, *w->p);
	}
	if (kept.len > 0 && kept.s[kept.len - 1] == '-')
		kept.s[--kept.len] = '\0';
	w->p++;
	if (*end == ':')
		rc = push(w);
	*flags_of(w) = f;
	if (*end == ':' || kept.len > 0)
		str_addf(&w->out, "(?%s%c", kept.len ? kept.s : "", *end);
	w->item = false;
	return rc;
}

static int open_group(struct rewriting *w)
{
	w->p++;
	if (*w->p == '*')
		return wrong(w, "(* is followed by what RE2 has not");
	if (*w->p != '?') {
		str_add_char(&w->out, '(');
		return push(w);
	}
	w->p++;
	/* A name serves nobody here: the secret's group has a number. */
	if (strncmp(w->p, "P<", 2) == 0 || (w->p[0] == '<' && w->p[1] != '=' && w->p[1] != '!')) {
		const char *end = strchr(w->p, '>');

		if (!end)
			return wrong(w, "the name of a group without >");
		w->p = end + 1;
		str_add_char(&w->out, '(');
		return push(w);
	}
	return read_flags(w);
}

static int close_group(struct rewriting *w)
{
	if (w->depth == 0)
		return wrong(w, ") without (");
	w->p++;
	w->depth--;
	str_add_char(&w->out, ')');
	put_item(w);
	return 0;
}

/* ---- the rest */

static void put_class(struct rewriting *w, const struct rule_class *c)
{
	w->wider |= c->all_wide;
	rule_class_write(c, &w->out);
	put_item(w);
}

/* A place. PCRE2 repeats one only as a group. */
static void put_place(struct rewriting *w, const char *place)
{
	bool repeats = *w->p == '*' || *w->p == '+' || *w->p == '?' || *w->p == '{';

	str_addf(&w->out, repeats ? "(?:%s)" : "%s", place);
	put_item(w);
}

/* \Q…\E, or to the end. */
static int read_quoted(struct rewriting *w)
{
	while (*w->p && strncmp(w->p, "\\E", 2) != 0) {
		rule_class_write_char(rule_class_char(&w->p), &w->out);
		put_item(w);
	}
	w->p += *w->p ? 2 : 0;
	return 0;
}

static int read_escape(struct rewriting *w)
{
	struct rule_class c = {0};
	uint32_t code;
	int rc;

	w->p++;
	switch (*w->p) {
	case 'A':
	case 'z':
		put_place(w, *w->p++ == 'A' ? "(?-m:^)" : "(?-m:$)");
		return 0;
	case 'b':
	case 'B':
		put_place(w, *w->p++ == 'b' ? "\\b" : "\\B");
		return 0;
	case 'C':
		w->p++;
		str_add(&w->out, "(?s:.)");
		put_item(w);
		return 0;
	case 'Q':
		w->p++;
		return read_quoted(w);
	default:
		break;
	}
	rc = rule_class_escape(&w->p, &c, &code, w->e);
	if (rc < 0)
		return rc;
	if (rc == 0) {
		put_class(w, &c);
		return 0;
	}
	rule_class_write_char(code, &w->out);
	put_item(w);
	return 0;
}

static int read_class(struct rewriting *w)
{
	struct rule_class c = {0};
	int rc;

	w->p++;
	rc = rule_class_read(&w->p, flags_of(w)->caseless, &c, w->e);
	if (rc == 0)
		put_class(w, &c);
	return rc;
}

/* What stands for itself. */
static int read_plain(struct rewriting *w)
{
	size_t n = strspn(w->p, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789");

	if (n > 0) {
		str_add_bytes(&w->out, w->p, n);
		w->p += n;
	} else {
		rule_class_write_char(rule_class_char(&w->p), &w->out);
	}
	put_item(w);
	return 0;
}

static int read_one(struct rewriting *w)
{
	switch (*w->p) {
	case '\\':
		return read_escape(w);
	case '[':
		return read_class(w);
	case '(':
		return open_group(w);
	case ')':
		return close_group(w);
	case '*':
	case '+':
	case '?':
	case '{':
		return read_repetition(w);
	case '|':
		str_add_char(&w->out, *w->p++);
		w->item = false;
		return 0;
	case '^':
	case '$':
		put_place(w, *w->p++ == '^' ? "^" : "$");
		return 0;
	case '.':
		str_add_char(&w->out, *w->p++);
		put_item(w);
		return 0;
	default:
		return read_plain(w);
	}
}

int rule_pattern_of_re2(const char *re2, char **ret, bool *ret_wider, struct err *e)
{
	struct rewriting w = {.p = re2, .e = e};
	int rc = 0;

	while (rc == 0 && *w.p)
		rc = read_one(&w);
	if (rc == 0 && w.depth > 0)
		rc = wrong(&w, "( without )");
	if (rc < 0) {
		str_done(&w.out);
		return rc;
	}
	*ret = str_take(&w.out);
	*ret_wider = w.wider;
	return *ret ? 0 : err_set(e, ENOMEM, "rewrite a pattern");
}
