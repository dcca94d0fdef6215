#include "base/ranges.h"

#include <errno.h>
#include <string.h>

static const char *skip_blanks(const char *p)
{
	return p + strspn(p, " \t");
}

/* A decimal number at *p, behind which *p is left. */
static int take_number(const char **p, unsigned int *ret, struct err *e)
{
	const char *at = *p = skip_blanks(*p);
	size_t digits = strspn(at, "0123456789");

	if (digits == 0)
		return err_say(e, EINVAL, "expected a number, found '%.20s'", at);
	*ret = 0;
	for (; digits > 0; digits--) {
		*ret = *ret * 10 + (unsigned int)(*at++ - '0');
		if (*ret >= RANGES_BITS)
			return err_say(e, ERANGE, "values larger than %d are not supported",
				RANGES_BITS - 1);
	}
	*p = skip_blanks(at);
	return 0;
}

static int take_element(const char **p, struct ranges *ret, struct err *e)
{
	unsigned int from, to;
	int r = take_number(p, &from, e);

	to = from;
	if (r == 0 && **p == '-') {
		++*p;
		r = take_number(p, &to, e);
	}
	if (r < 0)
		return r;
	if (from > to)
		return err_say(e, EINVAL, "the range %u-%u runs backwards", from, to);
	for (; from <= to; from++)
		ret->words[from / RANGES_WORD_BITS] |= 1UL << from % RANGES_WORD_BITS;
	ret->present = true;
	return 0;
}

int ranges_parse(const char *text, struct ranges *ret, struct err *e)
{
	const char *p = text;

	*ret = (struct ranges){0};
	if (!*text)
		return 0;
	for (;;) {
		int r = 0;

		p = skip_blanks(p);
		if (*p && *p != ',')
			r = take_element(&p, ret, e);
		if (r < 0)
			return r;
		if (!*p)
			break;
		if (*p != ',')
			return err_say(e, EINVAL, "expected ',', found '%.20s'", p);
		p++;
	}
	return ret->present ? 0 : err_say(e, EINVAL, "no number in '%.20s'", text);
}

bool ranges_has(const struct ranges *r, unsigned int n)
{
	return n < RANGES_BITS && r->words[n / RANGES_WORD_BITS] >> n % RANGES_WORD_BITS & 1;
}
