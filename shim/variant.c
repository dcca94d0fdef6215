#include "shim/variant.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/ptr.h"
#include "base/str.h"

/* What is left to read. */
struct cursor {
	const char *p;
};

static void skip_blanks(struct cursor *c)
{
	c->p += strspn(c->p, " \t\n");
}

static bool take(struct cursor *c, char ch)
{
	skip_blanks(c);
	if (*c->p != ch)
		return false;
	c->p++;
	return true;
}

static const struct {
	const char *word;
	char type;
	int64_t min;
	uint64_t max;
} integers[] = {
	{"byte", 'y', 0, UINT8_MAX},
	{"int16", 'n', INT16_MIN, INT16_MAX},
	{"uint16", 'q', 0, UINT16_MAX},
	{"int32", 'i', INT32_MIN, INT32_MAX},
	{"uint32", 'u', 0, UINT32_MAX},
	{"int64", 'x', INT64_MIN, INT64_MAX},
	/* Above it a JSON number has no room; systemd's "infinity" is written as -1 there. */
	{"uint64", 't', 0, INT64_MAX},
};

/* "uint64 " in front of a number: its type, or 0. */
static char take_type_word(struct cursor *c)
{
	size_t n;

	skip_blanks(c);
	n = strspn(c->p, "abcdefghijklmnopqrstuvwxyz0123456789");
	for (size_t i = 0; i < ARRAY_LEN(integers); i++) {
		if (strlen(integers[i].word) != n || strncmp(c->p, integers[i].word, n) != 0)
			continue;
		c->p += n;
		skip_blanks(c);
		return integers[i].type;
	}
	return 0;
}

static json_t *take_string(struct cursor *c)
{
	cleanup_free char *out = NULL;
	cleanup_str struct str s = {0};
	char quote = *c->p++;

	for (; *c->p && *c->p != quote; c->p++) {
		if (*c->p == '\\' && !*++c->p)
			return NULL;
		str_add_char(&s, *c->p);
	}
	if (*c->p != quote)
		return NULL;
	c->p++;
	out = str_take(&s);
	return out ? json_string(out) : NULL;
}

static bool fits(char type, long long n)
{
	for (size_t i = 0; i < ARRAY_LEN(integers); i++)
		if (integers[i].type == type)
			return n >= integers[i].min && (n < 0 || (uint64_t)n <= integers[i].max);
	return false;
}

static json_t *take_number(struct cursor *c, char *type)
{
	size_t len = strspn(c->p, "+-0123456789.eExXabcdefABCDEF");
	cleanup_free char *word = strndup(c->p, len);
	char *end = word;
	long long n;

	if (!word || !len)
		return NULL;
	if (!*type && strchr(word, '.')) {
		double d = strtod(word, &end);

		*type = 'd';
		c->p += len;
		return *end ? NULL : json_real(d);
	}
	errno = 0;
	n = strtoll(word, &end, 0);
	if (!*type)
		*type = 'i';
	if (*end || errno || !fits(*type, n))
		return NULL;
	c->p += len;
	return json_integer(n);
}

static bool take_word(struct cursor *c, const char *word)
{
	size_t n = strlen(word);

	if (strncmp(c->p, word, n) != 0)
		return false;
	c->p += n;
	return true;
}

/* *type: 0, or what the list's first element was. */
static json_t *take_basic(struct cursor *c, char *type)
{
	char word = take_type_word(c), found = word ? word : *type;
	json_t *value;

	skip_blanks(c);
	if (!word && (*c->p == '\'' || *c->p == '"')) {
		value = take_string(c);
		found = 's';
	} else if (!word && take_word(c, "true")) {
		value = json_true();
		found = 'b';
	} else if (!word && take_word(c, "false")) {
		value = json_false();
		found = 'b';
	} else {
		if (found == 's' || found == 'b' || found == 'd')
			found = 0;
		value = take_number(c, &found);
	}
	if (value && *type && *type != found) {
		json_decref(value);
		return NULL;
	}
	*type = found;
	return value;
}

static json_t *take_list(struct cursor *c, char *type)
{
	json_t *list = json_array();

	if (take(c, ']'))
		return list;
	do {
		json_t *one = take_basic(c, type);

		if (!one || json_array_append_new(list, one) < 0) {
			json_decref(list);
			return NULL;
		}
	} while (take(c, ','));
	if (take(c, ']'))
		return list;
	json_decref(list);
	return NULL;
}

/* "@as [" for a list that may be empty. */
static char take_list_type(struct cursor *c)
{
	char type = 0;

	skip_blanks(c);
	if (c->p[0] == '@' && c->p[1] == 'a' && c->p[2] && strchr("sbynqiuxtd", c->p[2])) {
		type = c->p[2];
		c->p += 3;
	}
	return type;
}

int variant_parse(const char *text, struct variant *ret, struct err *e)
{
	struct cursor c = {text};
	char type = take_list_type(&c);
	bool list = take(&c, '[');
	json_t *value = list ? take_list(&c, &type) : type ? NULL : take_basic(&c, &type);

	skip_blanks(&c);
	if (!value || *c.p || !type) {
		json_decref(value);
		return err_say(e, EINVAL,
			"'%s' is no value as in 'text', true, 5, uint64 5 or ['a', 'b']", text);
	}
	*ret = (struct variant){.value = value};
	ret->type[0] = list ? 'a' : type;
	ret->type[1] = list ? type : '\0';
	return 0;
}

void variant_done(struct variant *v)
{
	json_decref(v->value);
	*v = (struct variant){0};
}
