#include "tests/lib/template.h"

#include <stdlib.h>
#include <zlib.h>

#include "base/ptr.h"
#include "scan/bip39.h"
#include "scan/validator.h"

#define DIGITS "0123456789"
#define LOWER  "abcdefghijklmnopqrstuvwxyz"
#define UPPER  "ABCDEFGHIJKLMNOPQRSTUVWXYZ"

/* What stands between < and >, cut at its colons. */
struct template_call {
	const char *name, *arg, *number; /* the last two: NULL when there is none */
	struct template_random *random;
	struct str *out;
	const char *why;
};

/* SplitMix64 (Steele, Lea, Flood 2014). */
static uint64_t template_next(struct template_random *r)
{
	uint64_t z = r->state += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

uint32_t template_below(struct template_random *r, uint32_t n)
{
	return (uint32_t)((template_next(r) >> 32) * n >> 32);
}

/* "32" or "20-40". */
static bool template_count(struct template_call *c, const char *text, size_t *ret)
{
	char *end = NULL;
	unsigned long from = text && *text ? strtoul(text, &end, 10) : 0, to = from;

	if (end && *end == '-' && end[1])
		to = strtoul(end + 1, &end, 10);
	if (!end || *end || to < from || to > 4096) {
		c->why = "a number, or a range of numbers up to 4096, is missing";
		return false;
	}
	*ret = from + template_below(c->random, (uint32_t)(to - from + 1));
	return true;
}

static void template_chars(struct template_call *c, const char *set, size_t n)
{
	for (; n > 0; n--)
		str_add_char(c->out, set[template_below(c->random, (uint32_t)strlen(set))]);
}

static const char *template_word(struct template_random *r)
{
	static const char *const list[] = {"river", "window", "quarterly", "because", "meeting",
		"garden", "between", "carried", "smaller", "painting", "yesterday", "through",
		"engine", "believed", "kitchen", "weather", "parcels", "singing", "corner",
		"letters", "harbour", "station", "nothing", "evening", "thought", "walked"};

	return list[template_below(r, ARRAY_LEN(list))];
}

static void template_base64(struct str *out, const char *data, size_t len, bool url)
{
	const char *digits = url ? UPPER LOWER DIGITS "-_" : UPPER LOWER DIGITS "+/";

	for (size_t i = 0; i < len; i += 3) {
		size_t n = len - i < 3 ? len - i : 3;
		uint32_t bits = 0;

		for (size_t j = 0; j < 3; j++)
			bits = bits << 8 | (j < n ? (unsigned char)data[i + j] : 0);
		for (size_t j = 0; j < 4; j++)
			if (j <= n)
				str_add_char(out, digits[bits >> (18 - 6 * j) & 63]);
			else if (!url)
				str_add_char(out, '=');
	}
}

/* ---- one function a form */

static void template_uuid(struct template_call *c)
{
	static const unsigned char groups[] = {8, 4, 4, 4, 12};
	const char *set = c->name[0] == 'U' ? DIGITS "ABCDEF" : DIGITS "abcdef";

	for (size_t i = 0; i < ARRAY_LEN(groups); i++) {
		if (i > 0)
			str_add_char(c->out, '-');
		if (i == 2)
			str_add_char(c->out, '4');
		if (i == 3)
			template_chars(c, set + 8, 1);
		template_chars(c, set, groups[i] - (i == 2 || i == 3));
	}
}

static void template_jwt(struct template_call *c)
{
	static const char header[] = "{\"alg\":\"HS256\",\"typ\":\"JWT\"}";
	cleanup_str struct str payload = {0};

	str_addf(&payload, "{\"sub\":\"%u\",\"name\":\"%s %s\",\"iat\":%u}",
		template_below(c->random, 1U << 30), template_word(c->random),
		template_word(c->random), 1500000000U + template_below(c->random, 1U << 28));
	template_base64(c->out, header, strlen(header), true);
	str_add_char(c->out, '.');
	template_base64(c->out, payload.s, payload.len, true);
	str_add_char(c->out, '.');
	template_chars(c, UPPER LOWER DIGITS "-_", 43);
}

static void template_github(struct template_call *c)
{
	static const char base62[] = DIGITS UPPER LOWER;
	char check[7] = {0};
	size_t n = 0, start;
	uint32_t crc;

	str_add(c->out, c->arg ? c->arg : "");
	start = c->out->len;
	if (!template_count(c, c->number, &n))
		return;
	template_chars(c, base62, n);
	crc = (uint32_t)crc32(0, (const Bytef *)c->out->s + start, (uInt)n);
	for (int i = 5; i >= 0; i--, crc /= 62)
		check[i] = base62[crc % 62];
	str_add(c->out, check);
}

static bool template_accepts(enum rule_validator v, const struct str *s, size_t from)
{
	return validator_accepts(v, (const unsigned char *)s->s + from, s->len - from);
}

static void template_luhn(struct template_call *c)
{
	bool good = !strstr(c->name, "-bad");
	size_t n = 0, start = c->out->len, given = c->arg ? strlen(c->arg) : 0;

	if (!template_count(c, c->number, &n) || n <= given)
		return;
	str_add(c->out, c->arg);
	template_chars(c, DIGITS, n - given);
	for (char d = '0'; d <= '9'; d++) {
		c->out->s[c->out->len - 1] = d;
		if (template_accepts(RULE_VALID_LUHN, c->out, start) == good)
			return;
	}
}

/* The one length and the check digits that fit are found by trying. */
static void template_iban(struct template_call *c)
{
	bool good = !strstr(c->name, "-bad");
	size_t start = c->out->len;

	str_addf(c->out, "%.2s00", c->arg ? c->arg : "");
	for (size_t len = c->out->len - start; len < 34; len++) {
		for (unsigned int check = 2; check <= 98; check++) {
			c->out->s[start + 2] = (char)('0' + check / 10);
			c->out->s[start + 3] = (char)('0' + check % 10);
			if (!template_accepts(RULE_VALID_IBAN, c->out, start))
				continue;
			if (!good)
				c->out->s[start + 3] = (char)('0' + (check + 1) % 10);
			return;
		}
		template_chars(c, DIGITS, 1);
	}
	c->why = "a country with IBANs is missing";
}

static void template_bip39_word(struct template_call *c, size_t i)
{
	size_t len;
	const char *word = bip39_word(i, &len);

	str_add_bytes(c->out, word, len);
}

/* Of a number of words that no phrase has, the last one is any. */
static void template_bip39(struct template_call *c)
{
	bool good = !strstr(c->name, "-bad");
	size_t n = 0, start = c->out->len, before;

	if (!template_count(c, c->arg, &n))
		return;
	for (; n > 1; n--) {
		template_bip39_word(c, template_below(c->random, BIP39_WORDS));
		str_add_char(c->out, ' ');
	}
	before = c->out->len;
	for (size_t i = 0; i < BIP39_WORDS; i++) {
		c->out->len = before;
		template_bip39_word(c, i);
		if (template_accepts(RULE_VALID_BIP39, c->out, start) == good)
			return;
	}
}

static void template_aws(struct template_call *c)
{
	size_t start = c->out->len;

	do {
		c->out->len = start;
		str_add(c->out, c->arg ? c->arg : "");
		template_chars(c, UPPER "234567", 16);
	} while (!template_accepts(RULE_VALID_AWS, c->out, start) && strlen(c->arg) == 4);
}

static void template_pem(struct template_call *c)
{
	size_t lines = 0;

	if (!template_count(c, c->number, &lines))
		return;
	str_addf(c->out, "-----BEGIN %s-----\n", c->arg);
	for (; lines > 0; lines--) {
		template_chars(c, UPPER LOWER DIGITS "+/", 64);
		str_add_char(c->out, '\n');
	}
	str_addf(c->out, "-----END %s-----\n", c->arg);
}

static void template_words(struct template_call *c)
{
	size_t n = 1;

	if (c->arg && !template_count(c, c->arg, &n))
		return;
	for (size_t i = 0; i < n; i++)
		str_addf(c->out, "%s%s", i > 0 ? " " : "", template_word(c->random));
}

static void template_base64of(struct template_call *c)
{
	cleanup_str struct str inner = {0};

	if (c->arg && template_expand(c->arg, c->random, &inner, &c->why))
		template_base64(c->out, inner.s ? inner.s : "", inner.len, false);
}

static void template_repeat(struct template_call *c)
{
	size_t n = 0;

	if (template_count(c, c->number, &n))
		for (; n > 0; n--)
			str_add(c->out, c->arg);
}

static void template_set(struct template_call *c)
{
	size_t n = 0;

	if (template_count(c, c->number, &n) && c->arg && *c->arg)
		template_chars(c, c->arg, n);
}

static const struct template_form {
	const char *name;
	const char *set; /* random characters; or */
	void (*expand)(struct template_call *c);
} template_forms[] = {
	{"alnum", DIGITS UPPER LOWER, NULL},
	{"alpha", UPPER LOWER, NULL},
	{"upper", UPPER, NULL},
	{"lower", LOWER, NULL},
	{"digit", DIGITS, NULL},
	{"hex", DIGITS "abcdef", NULL},
	{"HEX", DIGITS "ABCDEF", NULL},
	{"upnum", DIGITS UPPER, NULL},
	{"lownum", DIGITS LOWER, NULL},
	{"base64", DIGITS UPPER LOWER "+/", NULL},
	{"base64url", DIGITS UPPER LOWER "-_", NULL},
	{"base32", UPPER "234567", NULL},
	{"base58", "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz", NULL},
	{"set", NULL, template_set},
	{"repeat", NULL, template_repeat},
	{"english", NULL, template_words},
	{"uuid", NULL, template_uuid},
	{"UUID", NULL, template_uuid},
	{"jwt", NULL, template_jwt},
	{"github-checksum", NULL, template_github},
	{"luhn", NULL, template_luhn},
	{"luhn-bad", NULL, template_luhn},
	{"iban", NULL, template_iban},
	{"iban-bad", NULL, template_iban},
	{"bip39", NULL, template_bip39},
	{"bip39-bad", NULL, template_bip39},
	{"aws", NULL, template_aws},
	{"pem", NULL, template_pem},
	{"base64of", NULL, template_base64of},
};

/* <word> is a word, <word:N> characters of one. */
static bool template_call(struct template_call *c)
{
	size_t n;

	if (str_eq(c->name, "word")) {
		if (!c->arg)
			template_words(c);
		else if (template_count(c, c->arg, &n))
			template_chars(c, DIGITS UPPER LOWER "_", n);
		return !c->why;
	}
	for (size_t i = 0; i < ARRAY_LEN(template_forms); i++) {
		const struct template_form *form = &template_forms[i];

		if (!str_eq(c->name, form->name))
			continue;
		if (!form->set)
			form->expand(c);
		else if (template_count(c, c->arg, &n))
			template_chars(c, form->set, n);
		return !c->why;
	}
	c->why = "there is no such form";
	return false;
}

/* Behind '<'; where its '>' is, or NULL. */
static const char *template_end(const char *p)
{
	for (int depth = 1; *p; p++) {
		if (*p == '<')
			depth++;
		if (*p == '>' && --depth == 0)
			return p;
	}
	return NULL;
}

/* text is cut at its first colon, and, but for base64of, at its last. */
static bool template_cut(char *text, struct template_call *c)
{
	char *colon = strchr(text, ':'), *last;

	c->name = text;
	if (!colon)
		return template_call(c);
	*colon = '\0';
	c->arg = colon + 1;
	last = str_eq(c->name, "base64of") ? NULL : strrchr(colon + 1, ':');
	if (last) {
		*last = '\0';
		c->number = last + 1;
	}
	return template_call(c);
}

bool template_expand(
	const char *template, struct template_random *r, struct str *out, const char **ret_why)
{
	const char *end;

	for (const char *p = template; *p; p = end + 1) {
		struct template_call c = {.random = r, .out = out};
		cleanup_free char *text = NULL;

		end = p;
		if (*p != '<' || p[1] == '<') {
			str_add_char(out, *p);
			end += *p == '<';
			continue;
		}
		end = template_end(p + 1);
		text = end ? strndup(p + 1, (size_t)(end - p - 1)) : NULL;
		if (!text || !template_cut(text, &c)) {
			*ret_why = text ? c.why : "'>' is missing";
			return false;
		}
	}
	return !out->failed;
}
