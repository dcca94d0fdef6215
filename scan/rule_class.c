#include "scan/rule_class.h"

#include <errno.h>
#include <string.h>

#include "base/ptr.h"

#define CODE_MAX 0x10ffff

static bool has(const struct rule_class *c, unsigned int byte)
{
	return c->bytes[byte / 64] >> byte % 64 & 1;
}

void rule_class_add(struct rule_class *c, uint32_t from, uint32_t to)
{
	for (; from <= to && from < 0x80; from++)
		c->bytes[from / 64] |= 1ULL << from % 64;
	for (; from <= to && c->n_wide < RULE_CLASS_WIDE; from++)
		c->wide[c->n_wide++] = from;
	c->all_wide |= from <= to;
}

/* All bytes from 0x80 on stand for all characters from there on. */
static void invert(struct rule_class *c)
{
	c->all_wide = c->all_wide || c->n_wide > 0;
	c->n_wide = 0;
	for (size_t i = 0; i < ARRAY_LEN(c->bytes); i++)
		c->bytes[i] = ~c->bytes[i];
}

static void merge(struct rule_class *c, const struct rule_class *other)
{
	for (size_t i = 0; i < ARRAY_LEN(c->bytes); i++)
		c->bytes[i] |= other->bytes[i];
	for (unsigned int i = 0; i < other->n_wide; i++)
		rule_class_add(c, other->wide[i], other->wide[i]);
	c->all_wide |= other->all_wide;
}

/* ---- names of sets; pairs of ends */

struct named {
	const char *name;
	const char *ranges;
};

#define LETTERS "azAZ"
#define DIGITS	"09"
#define PUNCT	"!#%*,/:;?@[]__{{}}"
#define SYMBOL	"$$++<>^^``||~~"

static const struct named posix[] = {
	{"alnum", LETTERS DIGITS},
	{"alpha", LETTERS},
	{"ascii", "\x01\x7f"},
	{"blank", "\t\t  "},
	{"cntrl", "\x01\x1f\x7f\x7f"},
	{"digit", DIGITS},
	{"graph", "!~"},
	{"lower", "az"},
	{"print", " ~"},
	{"punct", "!/:@[`{~"},
	{"space", "\t\r  "},
	{"upper", "AZ"},
	{"word", LETTERS DIGITS "__"},
	{"xdigit", DIGITS "afAF"},
};

/* What of Unicode's categories lies in ASCII; all beyond it is taken for one of them. */
static const struct named unicode[] = {
	{"L", LETTERS},
	{"Lu", "AZ"},
	{"Ll", "az"},
	{"Latin", LETTERS},
	{"N", DIGITS},
	{"Nd", DIGITS},
	{"P", PUNCT},
	{"S", SYMBOL},
	{"Sc", "$$"},
	{"Z", "  "},
	{"Zs", "  "},
};

static const struct named *find_named(
	const struct named *list, size_t n, const char *name, size_t len)
{
	for (size_t i = 0; i < n; i++)
		if (strlen(list[i].name) == len && strncmp(list[i].name, name, len) == 0)
			return &list[i];
	return NULL;
}

static void add_ranges(struct rule_class *c, const char *ranges, bool not )
{
	struct rule_class set = {0};

	for (; *ranges; ranges += 2)
		rule_class_add(&set, (unsigned char)ranges[0], (unsigned char)ranges[1]);
	/* NUL cannot stand in the lists. */
	if (ranges[-1] == '\x7f')
		rule_class_add(&set, 0, 0);
	if (not )
		invert(&set);
	merge(c, &set);
}

static void add_perl(struct rule_class *c, char letter)
{
	const char *ranges = (letter | 0x20) == 'd'   ? DIGITS
			     : (letter | 0x20) == 's' ? "\t\n\f\r  "
						      : LETTERS DIGITS "__";

	add_ranges(c, ranges, letter < 'a');
}

/* \pN, \p{Lu}, \P{^…}; *p is behind the letter p. */
static int read_unicode(const char **p, bool not, struct rule_class *c, struct err *e)
{
	const char *name = *p;
	const struct named *found;
	size_t len = 1;

	if (*name == '{') {
		name++;
		len = strcspn(name, "}");
		if (!name[len])
			return err_say(e, EINVAL, "\\p{ without }");
		*p = name + len + 1;
	} else {
		*p += *name != '\0';
	}
	if (*name == '^') {
		not = !not ;
		name++;
		len--;
	}
	found = find_named(unicode, ARRAY_LEN(unicode), name, len);
	if (!found)
		return err_say(e, EINVAL,
			"\\p{%.*s} cannot be expressed: write the characters that are meant",
			(int)(len < 20 ? len : 20), name);
	add_ranges(c, found->ranges, not );
	c->all_wide = true;
	return 0;
}

/* ---- escapes */

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* \x41 and \x{10FFFF}; *p is behind the x. */
static int read_hex(const char **p, uint32_t *ret, struct err *e)
{
	bool braces = **p == '{';
	size_t digits = 0;

	*p += braces;
	for (*ret = 0; hex_value(**p) >= 0 && digits < (braces ? 8 : 2); (*p)++, digits++)
		*ret = *ret << 4 | (uint32_t)hex_value(**p);
	if (digits == 0 || (!braces && digits != 2) || (braces && *(*p)++ != '}') ||
		*ret > CODE_MAX)
		return err_say(e, EINVAL, "\\x without two digits, or {digits} up to 10FFFF");
	return 1;
}

/* Up to three octal digits; one to seven alone would be a reference to a group. */
static int read_octal(const char **p, uint32_t *ret, struct err *e)
{
	const char *s = *p;
	size_t n = 0;

	for (*ret = 0; n < 3 && s[n] >= '0' && s[n] <= '7'; n++)
		*ret = *ret * 8 + (uint32_t)(s[n] - '0');
	if (n == 0 || (n == 1 && *ret != 0))
		return err_say(e, EINVAL, "\\%c: RE2 has no references to groups", *s);
	*p += n;
	return 1;
}

int rule_class_escape(const char **p, struct rule_class *c, uint32_t *ret_char, struct err *e)
{
	static const char from[] = "aftnrv", meant[] = "\a\f\t\n\r\v";
	char letter = **p;
	const char *at = letter ? strchr(from, letter) : NULL;

	if (letter >= '0' && letter <= '9')
		return read_octal(p, ret_char, e);
	if (letter)
		(*p)++;
	if (at) {
		*ret_char = (unsigned char)meant[at - from];
		return 1;
	}
	if (letter == 'x')
		return read_hex(p, ret_char, e);
	if (letter == 'p' || letter == 'P')
		return read_unicode(p, letter == 'P', c, e);
	if (letter && strchr("dDsSwW", letter)) {
		add_perl(c, letter);
		return 0;
	}
	*ret_char = (unsigned char)letter;
	if (letter > ' ' && letter < 0x7f && hex_value(letter) < 0 &&
		!((letter | 0x20) >= 'a' && (letter | 0x20) <= 'z'))
		return 1;
	if (!letter)
		return err_say(e, EINVAL, "a backslash at the end");
	return err_say(e, EINVAL, "\\%c is no escape of RE2's", letter >= ' ' ? letter : '?');
}

/* ---- classes */

uint32_t rule_class_char(const char **p)
{
	const unsigned char *s = (const unsigned char *)*p;
	unsigned int n = s[0] < 0xc2 ? 0 : s[0] < 0xe0 ? 1 : s[0] < 0xf0 ? 2 : s[0] < 0xf5 ? 3 : 0;
	uint32_t c = n ? s[0] & (0x3fU >> n) : s[0];

	for (unsigned int i = 1; i <= n; i++) {
		if ((s[i] & 0xc0) != 0x80) {
			n = 0;
			c = s[0];
			break;
		}
		c = c << 6 | (s[i] & 0x3f);
	}
	*p += n + 1;
	return c;
}

/* [:alpha:] and [:^alpha:]; 0 when there is none here. */
static int read_posix(const char **p, struct rule_class *c, struct err *e)
{
	bool is = strncmp(*p, "[:", 2) == 0, not = is && (*p)[2] == '^';
	const char *name = is ? *p + 2 + not : *p;
	size_t len = strspn(name, "abcdefghijklmnopqrstuvwxyz");
	const struct named *found;

	if (!is || strncmp(name + len, ":]", 2) != 0)
		return 0;
	found = find_named(posix, ARRAY_LEN(posix), name, len);
	if (!found)
		return err_say(e, EINVAL, "[:%.*s:] is no class of RE2's",
			(int)(len < 20 ? len : 20), name);
	add_ranges(c, found->ranges, not );
	*p = name + len + 2;
	return 1;
}

/* One end of a range, or a set, for which 0 is returned. */
static int read_item(const char **p, struct rule_class *c, uint32_t *ret, struct err *e)
{
	if (**p == '\\') {
		(*p)++;
		return rule_class_escape(p, c, ret, e);
	}
	if (!**p)
		return err_say(e, EINVAL, "[ without ]");
	*ret = rule_class_char(p);
	return 1;
}

static int read_range(const char **p, struct rule_class *c, struct err *e)
{
	uint32_t from, to;
	int rc = read_item(p, c, &from, e);

	if (rc <= 0)
		return rc;
	to = from;
	if (**p == '-' && (*p)[1] && (*p)[1] != ']') {
		(*p)++;
		rc = read_item(p, c, &to, e);
		if (rc == 0 || (rc > 0 && to < from))
			return err_say(e, EINVAL, "a range in [] whose ends are not in order");
		if (rc < 0)
			return rc;
	}
	rule_class_add(c, from, to);
	return 0;
}

/* Letters of ASCII in either case. */
static void fold(struct rule_class *c)
{
	for (unsigned int letter = 'A'; letter <= 'Z'; letter++)
		if (has(c, letter) || has(c, letter | 0x20)) {
			rule_class_add(c, letter, letter);
			rule_class_add(c, letter | 0x20, letter | 0x20);
		}
}

int rule_class_read(const char **p, bool caseless, struct rule_class *c, struct err *e)
{
	bool not = **p == '^', first = true;
	int rc = 0;

	*p += not ;
	for (; rc >= 0 && (**p != ']' || first); first = false) {
		rc = read_posix(p, c, e);
		if (rc == 0)
			rc = read_range(p, c, e);
	}
	if (rc < 0)
		return rc;
	(*p)++;
	if (caseless)
		fold(c);
	if (not )
		invert(c);
	if (!(c->bytes[0] | c->bytes[1] | c->bytes[2] | c->bytes[3]) && c->n_wide == 0 &&
		!c->all_wide)
		return err_say(e, EINVAL, "a class [] that no character is of");
	return 0;
}

/* ---- written for PCRE2 */

/* By hand: this runs thousands of times at each start. */
static void write_hex(unsigned int byte, struct str *out)
{
	static const char digits[] = "0123456789abcdef";
	const char text[] = {'\\', 'x', digits[byte >> 4 & 15], digits[byte & 15]};

	str_add_bytes(out, text, sizeof(text));
}

static void write_byte(unsigned int byte, struct str *out)
{
	if ((byte >= '0' && byte <= '9') || ((byte | 0x20) >= 'a' && (byte | 0x20) <= 'z'))
		str_add_char(out, (char)byte);
	else
		write_hex(byte, out);
}

static void write_utf8(uint32_t c, struct str *out)
{
	unsigned int n = c < 0x800 ? 1 : c < 0x10000 ? 2 : 3;

	write_hex((0xf0 << (3 - n) & 0xff) | c >> 6 * n, out);
	while (n-- > 0)
		write_hex(0x80 | (c >> 6 * n & 0x3f), out);
}

void rule_class_write_char(uint32_t c, struct str *out)
{
	if (c < 0x80) {
		write_byte(c, out);
		return;
	}
	str_add(out, "(?:");
	write_utf8(c, out);
	str_add_char(out, ')');
}

static void write_bytes(const struct rule_class *c, struct str *out)
{
	str_add_char(out, '[');
	for (unsigned int from = 0; from < 256; from++) {
		unsigned int to;

		if (!c->bytes[from / 64]) {
			from |= 63;
			continue;
		}
		if (!has(c, from))
			continue;
		to = from;
		while (to < 255 && has(c, to + 1))
			to++;
		write_byte(from, out);
		if (to > from) {
			str_add_char(out, '-');
			write_byte(to, out);
		}
		from = to;
	}
	str_add_char(out, ']');
}

void rule_class_write(const struct rule_class *c, struct str *out)
{
	bool bytes = c->bytes[0] | c->bytes[1] | c->bytes[2] | c->bytes[3];
	bool all_high = c->bytes[2] == ~0ULL;
	const char *between = "";

	if (!c->n_wide && (!c->all_wide || all_high)) {
		write_bytes(c, out);
		return;
	}
	str_add(out, "(?:");
	if (bytes) {
		write_bytes(c, out);
		between = "|";
	}
	for (unsigned int i = 0; i < c->n_wide && !all_high; i++, between = "|") {
		str_add(out, between);
		write_utf8(c->wide[i], out);
	}
	if (c->all_wide && !all_high)
		str_addf(out, "%s[\\xc2-\\xf4][\\x80-\\xbf]{1,3}", between);
	str_add_char(out, ')');
}
