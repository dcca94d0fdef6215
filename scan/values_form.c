#include <string.h>

#include "scan/values_reader.h"

/* The URL standard's form encoding, and cookies (RFC 6265): a blank in front of a name is none. */

/* What does not stand for itself, by where it stands. */
static const bool special[2][256] = {
	{['&'] = true, [';'] = true, ['='] = true, ['%'] = true, ['+'] = true},
	{['&'] = true, [';'] = true, ['%'] = true, ['+'] = true},
};

static unsigned int digit_of(unsigned char c)
{
	return c <= '9' ? c - (unsigned int)'0' : (c | 0x20U) - 'a' + 10U;
}

static int begin_name(struct values_reader *r, const struct values_out *out)
{
	int rc = values_end(r, out);

	r->state = VALUES_OUTSIDE;
	return rc;
}

static int write_plain(struct values_reader *r, const unsigned char *p, size_t len, bool in_value,
	const struct values_out *out)
{
	if (!in_value && !r->in_name) {
		while (len > 0 && (*p == ' ' || *p == '\r' || *p == '\n')) {
			p++;
			len--;
		}
		if (len == 0)
			return 0;
		values_begin(r, true);
	}
	return values_write(r, p, len, out);
}

static int read_special(
	struct values_reader *r, unsigned char c, bool in_value, const struct values_out *out)
{
	int rc;

	switch (c) {
	case '%':
		r->escape_in_value = in_value;
		r->state = VALUES_ESCAPE;
		r->code = r->digits = 0;
		return 0;
	case '+':
		return write_plain(r, (const unsigned char *)" ", 1, in_value, out);
	case '=':
		/* A value without a name has none. */
		if (!r->in_name)
			values_begin(r, true);
		rc = values_end(r, out);
		r->state = VALUES_INSIDE;
		values_begin(r, false);
		return rc;
	default:
		return begin_name(r, out);
	}
}

/* 1: the byte was read; 0: it is no digit, so what was read stands for itself. */
static int read_escape(struct values_reader *r, unsigned char c, const struct values_out *out)
{
	unsigned char low = c | 0x20, byte[2] = {'%', (unsigned char)r->code};
	size_t n = r->digits + 1;
	int rc, taken = 1;

	if ((c < '0' || c > '9') && (low < 'a' || low > 'f')) {
		taken = 0;
	} else if (r->digits == 0) {
		r->code = c;
		r->digits = 1;
		return 1;
	} else {
		byte[0] = (unsigned char)(digit_of(byte[1]) << 4 | digit_of(c));
		n = 1;
	}
	r->state = r->escape_in_value ? VALUES_INSIDE : VALUES_OUTSIDE;
	rc = write_plain(r, byte, n, r->escape_in_value, out);
	return rc < 0 ? rc : taken;
}

int values_feed_form(
	struct values_reader *r, const unsigned char *p, size_t len, const struct values_out *out)
{
	int rc = 0;

	for (size_t i = 0, n; rc >= 0 && i < len; i += n) {
		bool in_value = r->state == VALUES_INSIDE;

		if (r->state == VALUES_ESCAPE) {
			n = (rc = read_escape(r, p[i], out)) > 0;
			continue;
		}
		for (n = 0; i + n < len && !special[in_value][p[i + n]];)
			n++;
		if (n > 0)
			rc = write_plain(r, p + i, n, in_value, out);
		else
			rc = read_special(r, p[i], in_value, out), n = 1;
	}
	return rc < 0 ? rc : 0;
}

int values_finish_form(struct values_reader *r, const struct values_out *out)
{
	/* An escape that ends here is none. */
	return r->state == VALUES_ESCAPE ? read_escape(r, '\0', out) : 0;
}
