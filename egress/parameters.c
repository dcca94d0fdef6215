#include "egress/parameters.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/ptr.h"
#include "egress/query.h"

static const char *find_ambiguity(const char *text)
{
	for (const char *c = text; *c; c++) {
		int high, low;

		if (*c == ';')
			return "a semicolon in the query, which some take for '&'";
		if (*c != '%')
			continue;
		high = http1_hex_digit(c[1]);
		low = high < 0 ? -1 : http1_hex_digit(c[2]);
		if (low < 0)
			return "a percent sign without two hexadecimal digits in the query";
		if (high < 2 || (high << 4 | low) == 0x7f)
			return "an encoded control character in the query";
	}
	return NULL;
}

/* Its decoded text at *out, which moves behind the NUL; an encoded NUL becomes a blank. */
static const char *add_text(const char *text, size_t len, char **out)
{
	char *at = *out;
	size_t n = query_decode(text, len, true, at);

	for (size_t i = 0; i < n; i++)
		if (!at[i])
			at[i] = ' ';
	at[n] = '\0';
	*out = at + n + 1;
	return at;
}

static void add_pairs(struct parameters *p, char *text, char *out)
{
	struct query_param one;

	while (query_next(&text, &one)) {
		struct http1_field *pair = &p->pairs[p->n];

		if (one.name_len == 0 && !one.value)
			continue;
		p->n++;
		pair->name = add_text(one.name, one.name_len, &out);
		pair->value = add_text(one.value ? one.value : "", one.value_len, &out);
	}
}

int parameters_parse(const char *text, struct parameters *ret)
{
	struct parameters p = {.ambiguous = find_ambiguity(text)};
	cleanup_free char *copy = strdup(text);
	size_t len = strlen(text), pieces = 1;

	for (size_t i = 0; i < len; i++)
		pieces += text[i] == '&' || text[i] == ';';
	p.crowded = pieces > PARAMETERS_MAX;
	if (p.crowded) {
		p.ambiguous = "more parameters than are looked at";
		*ret = p;
		return 0;
	}
	p.pairs = calloc(pieces, sizeof(*p.pairs));
	/* No text becomes longer; two NULs a piece. */
	p.text = malloc(len + 2 * pieces);
	if (!copy || !p.pairs || !p.text) {
		parameters_done(&p);
		return -ENOMEM;
	}
	add_pairs(&p, copy, p.text);
	*ret = p;
	return 0;
}

void parameters_done(struct parameters *p)
{
	free(p->pairs);
	free(p->text);
	*p = (struct parameters){0};
}

bool parameters_alike(const char *sent, const char *name)
{
	const struct query_param p = {.name = (char *)(uintptr_t)sent, .name_len = strlen(sent)};

	return query_names(&p, name);
}
