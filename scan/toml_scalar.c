#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "scan/toml_reader.h"

#define TOKEN_MAX 128 /* bytes of a number: more digits than a double has */

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* ---- dates and times (RFC 3339, parts of it) */

/* n digits in [min, max]; moves on. */
static bool take_number(const char **p, unsigned int n, unsigned int min, unsigned int max)
{
	unsigned int value = 0;

	for (unsigned int i = 0; i < n; i++, (*p)++) {
		if (!is_digit(**p))
			return false;
		value = value * 10 + (unsigned int)(**p - '0');
	}
	return value >= min && value <= max;
}

static bool take_char(const char **p, const char *one_of)
{
	if (!**p || !strchr(one_of, **p))
		return false;
	(*p)++;
	return true;
}

static bool take_date(const char **p)
{
	static const unsigned char days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	const char *s = *p;
	unsigned int year, month, leap, max;

	if (!take_number(p, 4, 0, 9999) || !take_char(p, "-") || !take_number(p, 2, 1, 12))
		return false;
	year = (unsigned int)((s[0] - '0') * 1000 + (s[1] - '0') * 100 + (s[2] - '0') * 10 + s[3] -
			      '0');
	month = (unsigned int)((s[5] - '0') * 10 + s[6] - '0');
	leap = month == 2 && (year % 4 == 0 && (year % 100 != 0 || year % 400 == 0));
	max = days[month - 1] + leap;
	return take_char(p, "-") && take_number(p, 2, 1, max);
}

static bool take_time(const char **p)
{
	if (!take_number(p, 2, 0, 23) || !take_char(p, ":") || !take_number(p, 2, 0, 59) ||
		!take_char(p, ":") || !take_number(p, 2, 0, 60))
		return false;
	if (!take_char(p, "."))
		return true;
	if (!is_digit(**p))
		return false;
	while (is_digit(**p))
		(*p)++;
	return true;
}

static bool take_offset(const char **p)
{
	if (take_char(p, "Zz"))
		return true;
	return take_char(p, "+-") && take_number(p, 2, 0, 23) && take_char(p, ":") &&
	       take_number(p, 2, 0, 59);
}

static bool is_date(const char *s)
{
	if (s[2] == ':')
		return take_time(&s) && !*s;
	if (!take_date(&s))
		return false;
	if (!*s)
		return true;
	if (!take_char(&s, "Tt ") || !take_time(&s))
		return false;
	return !*s || (take_offset(&s) && !*s);
}

/* ---- numbers */

/* Copies without underscores, which must stand between two digits. */
static bool drop_underscores(const char *s, char *to)
{
	for (const char *p = s; *p; p++) {
		bool hex = s[0] == '0' && s[1] == 'x';

		if (*p != '_') {
			*to++ = *p;
			continue;
		}
		if (p == s || !(is_digit(p[-1]) || (hex && p >= s + 3 && p[-1] != '_')) ||
			!(is_digit(p[1]) || (hex && p[1] && p[1] != '_')))
			return false;
	}
	*to = '\0';
	return true;
}

/* All digits of that base, no more than max. */
static bool to_unsigned(const char *s, unsigned int base, uint64_t max, uint64_t *ret)
{
	uint64_t value = 0;

	if (!*s)
		return false;
	for (; *s; s++) {
		unsigned int d = is_digit(*s) ? (unsigned int)(*s - '0')
				 : (*s | 0x20) >= 'a' && (*s | 0x20) <= 'f'
					 ? (unsigned int)((*s | 0x20) - 'a' + 10)
					 : 99;

		if (d >= base || value > (max - d) / base)
			return false;
		value = value * base + d;
	}
	*ret = value;
	return true;
}

static bool to_integer(const char *s, int64_t *ret)
{
	bool minus = s[0] == '-';
	uint64_t value;
	unsigned int base = 10;

	if (s[0] == '0' && (s[1] == 'x' || s[1] == 'o' || s[1] == 'b')) {
		base = s[1] == 'x' ? 16 : s[1] == 'o' ? 8 : 2;
		s += 2;
	} else if (s[0] == '-' || s[0] == '+') {
		s++;
	}
	if (base == 10 && s[0] == '0' && s[1])
		return false;
	if (!to_unsigned(s, base, (uint64_t)INT64_MAX + minus, &value))
		return false;
	*ret = minus ? (int64_t)(0 - value) : (int64_t)value;
	return true;
}

/* [+-] int [. digits] [e [+-] digits], or inf, or nan; as TOML writes floats. */
static bool to_real(const char *s, double *ret)
{
	const char *p = s + (*s == '-' || *s == '+');

	if (strcmp(p, "inf") == 0 || strcmp(p, "nan") == 0) {
		*ret = *p == 'i' ? __builtin_inf() : __builtin_nan("");
		*ret = *s == '-' ? -*ret : *ret;
		return true;
	}
	if (!is_digit(*p) || (*p == '0' && is_digit(p[1])))
		return false;
	while (is_digit(*p))
		p++;
	if (!*p) /* a whole number, too large for one */
		return false;
	if (*p == '.') {
		if (!is_digit(*++p))
			return false;
		while (is_digit(*p))
			p++;
	}
	if (*p == 'e' || *p == 'E') {
		p++;
		p += *p == '-' || *p == '+';
		if (!is_digit(*p))
			return false;
		while (is_digit(*p))
			p++;
	}
	if (*p)
		return false;
	*ret = strtod(s, NULL);
	return true;
}

static bool to_number(const char *token, struct toml *v)
{
	char plain[TOKEN_MAX];

	if (!drop_underscores(token, plain))
		return false;
	if (to_integer(plain, &v->integer)) {
		v->type = TOML_INTEGER;
		return true;
	}
	v->type = TOML_FLOAT;
	return to_real(plain, &v->real);
}

/* How long the value at p is; a date may have a blank before its time. */
static size_t token_len(const char *p)
{
	size_t n = strcspn(p, " \t\r\n,]}#");

	if (n == 10 && p[4] == '-' && p[7] == '-' && p[10] == ' ' && is_digit(p[11]))
		n += 1 + strcspn(p + 11, " \t\r\n,]}#");
	return n;
}

int toml_read_scalar(struct toml_reader *r, struct toml *v)
{
	size_t len = token_len(r->p);
	char *token;

	if (len == 0)
		return toml_wrong(r, "a value is missing");
	if (len >= TOKEN_MAX)
		return toml_wrong(
			r, "a value of %zu characters that is no string: quotes are missing", len);
	token = toml_alloc(r->doc, len + 1);
	if (!token)
		return err_set(r->e, ENOMEM, "%s", r->name);
	memcpy(token, r->p, len);
	r->p += len;
	if (strcmp(token, "true") == 0 || strcmp(token, "false") == 0) {
		v->type = TOML_BOOLEAN;
		v->integer = token[0] == 't';
		return 0;
	}
	if (to_number(token, v))
		return 0;
	if (len >= 8 && is_date(token)) {
		v->type = TOML_DATE;
		v->s = token;
		v->len = len;
		return 0;
	}
	return toml_wrong(
		r, "'%s' is no value: a string needs quotes, else a number, true or false", token);
}
