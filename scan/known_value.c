#include "scan/known_value.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/ptr.h"

/* Of a row of words, less than one pair in three is none of English; of a random one half are. */
#define WORDS_SHARE  3
#define RANDOM_SHARE 2
#define RANDOM_MIN   8

/*
 * What vendors begin their tokens with, from their documents (scan/rules names each), schemes of
 * URLs, and how keys begin in DER: wherever they stand, they are public.
 */
static const char *const public_words[] = {
	"sk-ant-admin01-",
	"sk-ant-api03-",
	"sk-ant-oat01-",
	"sk-ant-ort01-",
	"sk-proj-",
	"sk-svcacct-",
	"sk-admin-",
	"sk-or-v1-",
	"T3BlbkFJ",
	"ghp_",
	"gho_",
	"ghu_",
	"ghs_",
	"ghr_",
	"github_pat_",
	"glpat-",
	"gldt-",
	"glrt-",
	"glcbt-",
	"glptt-",
	"xoxb-",
	"xoxp-",
	"xoxa-",
	"xoxr-",
	"xoxs-",
	"xoxe.",
	"xapp-",
	"AKIA",
	"ASIA",
	"AIza",
	"ya29.",
	"GOCSPX-",
	"npm_",
	"pypi-AgEIcHlwaS5vcmc",
	"sk_live_",
	"sk_test_",
	"rk_live_",
	"rk_test_",
	"pk_live_",
	"whsec_",
	"SG.",
	"hf_",
	"dckr_pat_",
	"dop_v1_",
	"doo_v1_",
	"dp.pt.",
	"shpat_",
	"shpss_",
	"glsa_",
	"eyJrIjoi",
	"lin_api_",
	"secret_",
	"ntn_",
	"pat-na1-",
	"pat-eu1-",
	"figd_",
	"PMAK-",
	"rubygems_",
	"cio",
	"hvs.",
	"hvb.",
	"atlasv1.",
	"ATATT3xFfGF0",
	"ATCTT3xFfGN0",
	"gsk_",
	"xai-",
	"pplx-",
	"r8_",
	"tskey-",
	"AGE-SECRET-KEY-1",
	"nvapi-",
	"MC4CAQAwBQYDK2VwBCIEI",
	"MHcCAQEEI",
	"oAoGCCqGSM49AwEHoUQDQgAE",
	"MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg",
	/* 65537 between two numbers of an RSA key, at all offsets. */
	"AgMBAAECgg",
	"CAwEAAQKC",
	"IDAQABAo",
};

/* Letters and digits with which keys of a kind begin, beyond what is listed above. */
#define RSA_BEGIN     64  /* DER's lengths, the algorithm; then the modulus begins */
#define OPENSSH_BEGIN 100 /* magic, cipher, kind, the public key of ed25519 */
#define CODED_ARMOUR  120 /* of the first line, in base64, and of RSA_BEGIN */

/* Pairs of letters that are most of English text: those that may follow each. */
static const char *const followers[26] = {"bcdgiklmnprstuvy", "aeiloruy", "acehiklortu", "adeiorsu",
	"abcdefgilmnopqrstvwx", "aefiortu", "acehinrsu", "aeiot", "abcdefglmnoprstvxz", "s", "ae",
	"adeilostuy", "aeimopsu", "acdefgiklnostuvy", "bcdfgilmnoprstuvw", "aeiloprstuy", "u",
	"acdegiklmnorstuvy", "acehilopstuy", "acdehilnoprstuwy", "bcdegilmnprst", "aei", "aehio",
	"t", "ost", "e"};

static bool is_digit(unsigned char c)
{
	return c >= '0' && c <= '9';
}

static bool is_letter(unsigned char c)
{
	return (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
}

static void mark(struct known_value *v, size_t from, size_t to)
{
	if (from < to)
		memset(v->marks + from, KNOWN_PUBLIC, to - from);
}

static size_t find(const struct known_value *v, size_t from, const char *word)
{
	const unsigned char *p = memmem(v->bytes + from, v->len - from, word, strlen(word));

	return p ? (size_t)(p - v->bytes) : v->len;
}

static void mark_words(struct known_value *v)
{
	for (size_t w = 0; w < ARRAY_LEN(public_words); w++) {
		size_t len = strlen(public_words[w]);

		for (size_t at = find(v, 0, public_words[w]); at < v->len;
			at = find(v, at + len, public_words[w]))
			mark(v, at, at + len);
	}
}

/* RFC 3986: scheme and host; user information, path and query may hold the secret. */
static void mark_urls(struct known_value *v)
{
	for (size_t at = find(v, 0, "://"); at < v->len; at = find(v, at + 3, "://")) {
		size_t scheme = at, end = at + 3, host = at + 3;

		while (scheme > 0 && is_letter(v->bytes[scheme - 1]))
			scheme--;
		for (; end < v->len && !strchr("/?# \t\r\n\"'", v->bytes[end]); end++)
			if (v->bytes[end] == '@')
				host = end;
		mark(v, scheme, at + 3);
		mark(v, host, end);
	}
}

/* Base64 of armour, as in Kubernetes' files: its first and last lines. */
static void mark_coded_armour(struct known_value *v)
{
	for (size_t at = find(v, 0, "LS0tLS1"); at < v->len; at = find(v, at + 7, "LS0tLS1")) {
		size_t end = v->len - at < CODED_ARMOUR ? v->len : at + CODED_ARMOUR;

		mark(v, at, end);
	}
}

/* RFC 7519: up to its first dot, a JWT is the name of an algorithm. */
static void mark_jwt(struct known_value *v)
{
	for (size_t at = find(v, 0, "eyJ"); at < v->len; at = find(v, at + 3, "eyJ")) {
		size_t end = at;

		while (end < v->len && (is_letter(v->bytes[end]) || is_digit(v->bytes[end]) ||
					       v->bytes[end] == '-' || v->bytes[end] == '_'))
			end++;
		if (end < v->len && v->bytes[end] == '.' && (at == 0 || v->bytes[at - 1] != '.'))
			mark(v, at, end);
	}
}

/* RFC 7468: the lines around a key, and what keys of its kind begin with. */
static void mark_armour(struct known_value *v)
{
	for (size_t at = find(v, 0, "-----"); at < v->len;) {
		size_t name = at + 5, close = find(v, name, "-----"), body, n = 0;
		bool is_ssh = find(v, name, "OPENSSH") < close;

		mark(v, at, close + 5 < v->len ? close + 5 : v->len);
		at = close < v->len ? find(v, close + 5, "-----") : v->len;
		if (at <= close + 5 || at - close < 600)
			n = is_ssh && at > close + 300 ? OPENSSH_BEGIN : 0;
		else
			n = is_ssh ? OPENSSH_BEGIN : RSA_BEGIN;
		for (body = close + 5; body < at && n > 0; body++) {
			v->marks[body] = KNOWN_PUBLIC;
			n -= is_letter(v->bytes[body]) || is_digit(v->bytes[body]);
		}
		/* The next "-----" opens END, whose own close is looked for from there. */
	}
}

bool known_value_is_private(const struct known_value *v, size_t first, size_t last)
{
	size_t len = last - first + 1, n = 0;

	for (size_t i = first; i <= last; i++)
		n += v->marks[i] != KNOWN_PUBLIC;
	return n >= (len < KNOWN_PRIVATE_MIN ? len : KNOWN_PRIVATE_MIN);
}

/* Whether b often follows a: letters in words, digits that count or repeat. */
static bool is_common(unsigned char a, unsigned char b)
{
	if (is_digit(a) && is_digit(b))
		return b - a <= 1 && a - b <= 1;
	/* Words begin with a capital or are all of them; a small letter before one is rare. */
	if (!is_letter(a) || !is_letter(b) || (a >= 'a' && b < 'a'))
		return false;
	return strchr(followers[(a | 0x20) - 'a'], b | 0x20) != NULL;
}

/* Stands between words, so says nothing. */
static bool is_between(unsigned char c)
{
	return c >= 0x80 || c <= ' ' || strchr("-_./:,;\"'=&?@{}[]()<>", c);
}

struct pairs {
	size_t n, uncommon;
};

static struct pairs count_pairs(const struct known_value *v, size_t first, size_t last)
{
	struct pairs p = {0};
	unsigned char before = 0;

	for (size_t i = first; i <= last; i++) {
		unsigned char c = v->bytes[i];

		if (v->marks[i] == KNOWN_PUBLIC) {
			before = 0;
			continue;
		}
		if (is_between(c))
			continue;
		if (before) {
			p.n++;
			p.uncommon += !is_common(before, c);
		}
		before = c;
	}
	return p;
}

static bool is_word_byte(const struct known_value *v, size_t i)
{
	return v->marks[i] != KNOWN_PUBLIC && (is_letter(v->bytes[i]) || is_digit(v->bytes[i]));
}

static void mark_random(struct known_value *v)
{
	for (size_t at = 0, end; at < v->len; at = end + 1) {
		struct pairs p;

		for (end = at; end < v->len && is_word_byte(v, end);)
			end++;
		if (end < at + RANDOM_MIN)
			continue;
		p = count_pairs(v, at, end - 1);
		if (RANDOM_SHARE * p.uncommon >= p.n)
			memset(v->marks + at, KNOWN_RANDOM, end - at);
	}
}

bool known_value_is_random(const struct known_value *v, size_t first, size_t last)
{
	struct pairs p = count_pairs(v, first, last);
	bool in_words = false;

	for (size_t i = first; i <= last; i++)
		in_words |= is_word_byte(v, i) && v->marks[i] != KNOWN_RANDOM;
	return p.n > 0 && (!in_words || WORDS_SHARE * p.uncommon >= p.n);
}

int known_value_init(struct known_value *v, const unsigned char *bytes, size_t len)
{
	*v = (struct known_value){.bytes = bytes, .len = len, .marks = calloc(1, len + 1)};
	if (!v->marks)
		return -ENOMEM;
	mark_words(v);
	mark_urls(v);
	mark_jwt(v);
	mark_armour(v);
	mark_coded_armour(v);
	mark_random(v);
	return 0;
}

void known_value_done(struct known_value *v)
{
	free(v->marks);
	*v = (struct known_value){0};
}
