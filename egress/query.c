#include "egress/query.h"

#include <stdlib.h>
#include <string.h>

#include "base/http1.h"
#include "egress/target.h"

/* Longer names are compared cut; more layers than that no server takes off. */
#define NAME_MAX_FOLDED 256
#define LAYERS_MAX	16

bool query_next(char **at, struct query_param *ret)
{
	char *p = *at, *equals;
	size_t len;

	if (!*p)
		return false;
	len = strcspn(p, "&;");
	equals = memchr(p, '=', len);
	*ret = (struct query_param){.name = p, .name_len = len, .end = p + len};
	if (equals) {
		ret->name_len = (size_t)(equals - p);
		ret->value = equals + 1;
		ret->value_len = (size_t)(ret->end - ret->value);
	}
	*at = *ret->end ? ret->end + 1 : ret->end;
	return true;
}

size_t query_decode(const char *text, size_t len, bool plus, char *out)
{
	size_t n = 0;

	for (size_t i = 0; i < len; i++) {
		int high = text[i] == '%' && len - i > 2 ? http1_hex_digit(text[i + 1]) : -1;
		int low = high < 0 ? -1 : http1_hex_digit(text[i + 2]);

		if (low >= 0) {
			out[n++] = (char)(high << 4 | low);
			i += 2;
		} else {
			out[n++] = plus && text[i] == '+' ? ' ' : text[i];
		}
	}
	return n;
}

size_t query_encode(const void *text, size_t len, char *out)
{
	static const char digits[] = "0123456789ABCDEF";
	const unsigned char *p = text;
	size_t n = 0;

	for (size_t i = 0; i < len; i++) {
		if (target_is_unreserved(p[i])) {
			if (out)
				out[n] = (char)p[i];
			n++;
			continue;
		}
		if (out) {
			out[n] = '%';
			out[n + 1] = digits[p[i] >> 4];
			out[n + 2] = digits[p[i] & 15];
		}
		n += 3;
	}
	return n;
}

/* Characters that PHP, CGI and the like put in one another's place. */
static char fold(char c)
{
	if (c >= 'A' && c <= 'Z')
		return (char)(c - 'A' + 'a');
	return c == '.' || c == ' ' || c == '+' || c == '-' ? '_' : c;
}

static bool is_folded(const char *text, size_t len, const char *name)
{
	size_t i = 0;

	while (len > 0 && (text[0] == ' ' || text[0] == '+')) {
		text++;
		len--;
	}
	while (i < len && name[i] && fold(text[i]) == fold(name[i]))
		i++;
	if (name[i])
		return false;
	/* What stands behind: nothing, an index, or what a server cuts the name at. */
	return i == len || text[i] == '[' || text[i] == '\0' || text[i] == ' ' || text[i] == '+';
}

bool query_names(const struct query_param *p, const char *name)
{
	char text[NAME_MAX_FOLDED];
	size_t len = p->name_len < sizeof(text) ? p->name_len : sizeof(text);

	memcpy(text, p->name, len);
	for (int layer = 0; layer < LAYERS_MAX; layer++) {
		size_t n;

		if (is_folded(text, len, name))
			return true;
		n = query_decode(text, len, false, text);
		if (n == len)
			return false;
		len = n;
	}
	return true; /* nobody but an attacker writes it so */
}

bool query_is(const struct query_param *p, const char *text)
{
	size_t want = strlen(text), at = 0;

	for (size_t i = 0; i < p->value_len; i++, at++) {
		char c[3] = {p->value[i]};

		if (c[0] == '%' && p->value_len - i > 2) {
			if (query_decode(p->value + i, 3, false, c) != 1)
				return false;
			i += 2;
		}
		if (at == want || c[0] != text[at])
			return false;
	}
	return p->value && at == want;
}

bool query_drop(char *query, query_drops_fn *drops, const void *arg)
{
	char *at = query, *out = query;
	struct query_param p;
	bool dropped = false;

	while (query_next(&at, &p)) {
		size_t len = (size_t)(p.end - p.name);
		char separator = *p.end;

		if (drops(arg, &p)) {
			dropped = true;
			continue;
		}
		memmove(out, p.name, len);
		out += len;
		if (separator)
			*out++ = separator;
	}
	/* The separator in front of what was last. */
	if (dropped && out > query && (out[-1] == '&' || out[-1] == ';'))
		out--;
	*out = '\0';
	return dropped;
}
