#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "scan/pattern_impl.h"

/* Sets of bytes: literals, classes, escapes. */

static void add(struct pattern_node *n, unsigned int from, unsigned int to)
{
	for (unsigned int c = from; c <= to; c++)
		n->set[c >> 6] |= UINT64_C(1) << (c & 63);
}

static void invert(uint64_t set[4])
{
	for (int i = 0; i < 4; i++)
		set[i] = ~set[i];
}

static void fold_case(struct pattern_node *n)
{
	for (unsigned int c = 'a'; c <= 'z'; c++) {
		if (pattern_has(n, c))
			add(n, c - 32, c - 32);
		else if (pattern_has(n, c - 32))
			add(n, c, c);
	}
}

unsigned int pattern_set_size(const struct pattern_node *n)
{
	unsigned int size = 0;

	for (int i = 0; i < 4; i++)
		size += (unsigned int)__builtin_popcountll(n->set[i]);
	return size;
}

struct pattern_node *pattern_byte(
	struct parser *p, const struct pattern_flags *flags, unsigned char c, size_t at)
{
	struct pattern_node *n = pattern_node(p, PATTERN_SET, at);

	if (!n)
		return NULL;
	add(n, c, c);
	if (flags->caseless)
		fold_case(n);
	return n;
}

/* Classes by name, in PCRE2's C locale: ranges of bytes, two a range. */
static const struct named_class {
	const char *name;
	const char *ranges;
} posix_classes[] = {
	{"alnum", "09AZaz"},
	{"alpha", "AZaz"},
	{"ascii", "\001\177"},
	{"blank", "\t\t  "},
	{"cntrl", "\001\037\177\177"},
	{"digit", "09"},
	{"graph", "!~"},
	{"lower", "az"},
	{"print", " ~"},
	{"punct", "!/:@[`{~"},
	{"space", "\t\r  "},
	{"upper", "AZ"},
	{"word", "09AZaz__"},
	{"xdigit", "09AFaf"},
};

static void add_ranges(uint64_t set[4], const char *ranges)
{
	struct pattern_node n = {0};

	for (; *ranges; ranges += 2)
		add(&n, (unsigned char)ranges[0], (unsigned char)ranges[1]);
	for (int i = 0; i < 4; i++)
		set[i] |= n.set[i];
}

/* The set of \d, \w … ; false: not one of these. */
static bool add_escaped_class(struct pattern_node *n, char c)
{
	static const struct {
		char c;
		const char *ranges;
	} table[] = {{'d', "09"}, {'w', "09AZaz__"}, {'s', "\t\r  "}, {'h', "\t\t  \240\240"},
		{'v', "\n\r\205\205"}, {'n', "\n\n"}};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		uint64_t set[4] = {0};

		if ((c | 32) != table[i].c || c == 'n')
			continue;
		add_ranges(set, table[i].ranges);
		if (c != table[i].c) /* \D, and \N: all but a line's end */
			invert(set);
		for (int k = 0; k < 4; k++)
			n->set[k] |= set[k];
		return true;
	}
	return false;
}

static int hex_value(char c)
{
	return c >= '0' && c <= '9'	    ? c - '0'
	       : isxdigit((unsigned char)c) ? (c | 32) - 'a' + 10
					    : -1;
}

/* Behind "\x": "{hh}" or up to two digits. Beyond a byte: -1. */
static int hex_escape(struct parser *p)
{
	bool braces = p->text[p->at] == '{';
	int value = 0, digits = 0;

	if (braces)
		p->at++;
	while (hex_value(p->text[p->at]) >= 0 && digits < (braces ? 8 : 2)) {
		if (value < 0x1000)
			value = value * 16 + hex_value(p->text[p->at]);
		p->at++;
		digits++;
	}
	if (braces && p->text[p->at] != '}')
		return -1;
	p->at += braces;
	return value < 256 ? value : -1;
}

static int octal_escape(struct parser *p)
{
	int value = 0;

	for (int i = 0; i < 3 && p->text[p->at] >= '0' && p->text[p->at] <= '7'; i++)
		value = value * 8 + p->text[p->at++] - '0';
	return value < 256 ? value : -1;
}

/* An escape that stands for one byte, read up to its letter c; -1: none. */
static int escaped_byte(struct parser *p, char c)
{
	static const char letters[] = "a\ae\033f\fn\nr\rt\t";
	const char *found;

	if (c == 'x')
		return hex_escape(p);
	if (c == '0') {
		p->at--;
		return octal_escape(p);
	}
	if (!isalnum((unsigned char)c))
		return (unsigned char)c;
	found = strchr(letters, c);
	return found && (found - letters) % 2 == 0 ? (unsigned char)found[1] : -1;
}

/* "\p{Name}", "\pL": wider, since a property of bytes beyond ASCII is not followed. */
static void skip_property(struct parser *p)
{
	const char *close = p->text[p->at] == '{' ? strchr(p->text + p->at, '}') : NULL;

	if (close)
		p->at = (size_t)(close - p->text) + 1;
	else if (p->text[p->at])
		p->at++;
}

static struct pattern_node *condition(struct parser *p, char c, size_t at)
{
	struct pattern_node *n = pattern_node(p, PATTERN_ASSERT, at);

	if (n)
		n->assert = c == 'b' ? PATTERN_WORD : PATTERN_OTHER;
	return n;
}

static struct pattern_node *back_reference(struct parser *p, size_t at)
{
	while (isdigit((unsigned char)p->text[p->at]))
		p->at++;
	return pattern_node(p, PATTERN_OPAQUE, at);
}

struct pattern_node *pattern_escape(struct parser *p, const struct pattern_flags *flags, size_t at)
{
	char c = p->text[p->at];
	struct pattern_node *n;
	int byte;

	if (!c) {
		pattern_fail(p, -EINVAL, "a backslash at the end");
		return NULL;
	}
	p->at++;
	if (strchr("bBAzZG", c))
		return condition(p, c, at);
	if (c >= '1' && c <= '9')
		return back_reference(p, at);
	n = pattern_node(p, PATTERN_SET, at);
	if (!n)
		return NULL;
	if (c == 'p' || c == 'P') {
		skip_property(p);
		add(n, 0, 255);
	} else if (!add_escaped_class(n, c)) {
		byte = escaped_byte(p, c);
		if (byte < 0) {
			pattern_fail(p, -ENOTSUP, "an escape that is not known here");
			return NULL;
		}
		add(n, (unsigned int)byte, (unsigned int)byte);
		if (flags->caseless)
			fold_case(n);
	}
	n->end = p->at;
	return n;
}

/* "[:alnum:]" within a class; false: no such thing stands here. */
static bool posix_class(struct parser *p, struct pattern_node *n)
{
	const char *s = p->text + p->at + 2;
	bool inverted;
	size_t len;

	if (strncmp(p->text + p->at, "[:", 2) != 0)
		return false;
	inverted = *s == '^';
	s += inverted;
	len = strcspn(s, ":]");
	if (strncmp(s + len, ":]", 2) != 0)
		return false;
	for (size_t i = 0; i < sizeof(posix_classes) / sizeof(posix_classes[0]); i++) {
		uint64_t set[4] = {0};

		if (strlen(posix_classes[i].name) != len ||
			strncmp(posix_classes[i].name, s, len) != 0)
			continue;
		add_ranges(set, posix_classes[i].ranges);
		set[0] |= len == 5 && (s[0] == 'c' || s[1] == 's'); /* NUL: cntrl, ascii */
		if (inverted)
			invert(set);
		for (int k = 0; k < 4; k++)
			n->set[k] |= set[k];
		p->at = (size_t)(s - p->text) + len + 2;
		return true;
	}
	pattern_fail(p, -EINVAL, "a class of an unknown name");
	return true;
}

/* One byte of a class, as it may begin or end a range; -1: it was a set, and was added. */
static int class_byte(struct parser *p, struct pattern_node *n, bool *all)
{
	char c = p->text[p->at];
	int byte;

	if (posix_class(p, n))
		return -1;
	p->at++;
	if (c != '\\')
		return (unsigned char)c;
	c = p->text[p->at];
	if (!c)
		return -1;
	p->at++;
	if (c == 'p' || c == 'P') {
		skip_property(p);
		*all = true;
		return -1;
	}
	if (add_escaped_class(n, c))
		return -1;
	if (c == 'b')
		return '\b';
	if (c >= '1' && c <= '7') {
		p->at--;
		byte = octal_escape(p);
	} else {
		byte = escaped_byte(p, c);
	}
	if (byte < 0)
		pattern_fail(p, -ENOTSUP, "an escape that is not known here");
	return byte;
}

static void class_item(struct parser *p, struct pattern_node *n, bool *all)
{
	int from = class_byte(p, n, all), to;
	const char *s = p->text + p->at;

	if (from < 0)
		return;
	add(n, (unsigned int)from, (unsigned int)from);
	if (s[0] != '-' || s[1] == ']' || !s[1])
		return;
	p->at++;
	to = class_byte(p, n, all);
	if (to < 0)
		add(n, '-', '-');
	else if (to < from)
		pattern_fail(p, -EINVAL, "a range that ends before it begins");
	else
		add(n, (unsigned int)from, (unsigned int)to);
}

struct pattern_node *pattern_class(struct parser *p, const struct pattern_flags *flags, size_t at)
{
	struct pattern_node *n = pattern_node(p, PATTERN_SET, at);
	bool inverted = p->text[p->at] == '^', all = false, first = true;

	if (!n)
		return NULL;
	p->at += inverted;
	for (; p->text[p->at] && !p->failed && (first || p->text[p->at] != ']'); first = false)
		class_item(p, n, &all);
	if (p->failed || !p->text[p->at]) {
		pattern_fail(p, -EINVAL, "a class is not closed by ']'");
		return NULL;
	}
	p->at++;
	if (flags->caseless)
		fold_case(n);
	if (inverted)
		invert(n->set);
	if (all)
		add(n, 0, 255);
	n->end = p->at;
	return n;
}
