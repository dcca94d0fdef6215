#include "scan/old_known.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/ptr.h"
#include "base/secret.h"
#include "base/str.h"

/*
 * Theory of operation. Letters and digits have codes of 6 bits, so 12 of them are a number of 72
 * bits: all runs of all spellings stand in a sorted table, before which a bitmap answers "no" for
 * nearly every place of a text. No automaton: it would need a hundred times the memory.
 */
#define SKIP	 0x3f
#define NEWLINE	 0x3e
#define RUN_MASK (((unsigned __int128)1 << (6 * KNOWN_RUN)) - 1)

struct run {
	unsigned __int128 key;
	unsigned int id;
};

struct old_known {
	struct run *runs;
	size_t n, cap;
	uint64_t *bitmap;
	unsigned int shift; /* of the hash, for the bitmap's size */
	unsigned char code[256];
};

static void fill_codes(unsigned char code[256])
{
	memset(code, SKIP, 256);
	code['\n'] = NEWLINE;
	for (int i = 0; i < 10; i++)
		code['0' + i] = (unsigned char)i;
	for (int i = 0; i < 26; i++) {
		code['a' + i] = (unsigned char)(10 + i);
		code['A' + i] = (unsigned char)(36 + i);
	}
}

struct old_known *old_known_new(void)
{
	struct old_known *k = calloc(1, sizeof(*k));

	if (k)
		fill_codes(k->code);
	return k;
}

void old_known_free(struct old_known *k)
{
	if (!k)
		return;
	if (k->runs)
		secret_wipe(k->runs, k->cap * sizeof(*k->runs));
	free(k->runs);
	free(k->bitmap);
	free(k);
}

static uint64_t hash(unsigned __int128 key)
{
	return ((uint64_t)key ^ (uint64_t)(key >> 64) * 0x9e3779b97f4a7c15ULL) *
	       0xff51afd7ed558ccdULL;
}

static int add_run(struct old_known *k, unsigned __int128 key, unsigned int id)
{
	if (k->n == k->cap) {
		size_t cap = k->cap ? k->cap * 2 : 256;
		struct run *grown = calloc(cap, sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		if (k->runs) {
			memcpy(grown, k->runs, k->n * sizeof(*grown));
			secret_wipe(k->runs, k->n * sizeof(*grown));
			free(k->runs);
		}
		k->runs = grown;
		k->cap = cap;
	}
	k->runs[k->n++] = (struct run){key, id};
	return 0;
}

/* Letters of one case only may be words of a language; digits only, a number of everyday. */
static bool is_plain(const unsigned char *codes)
{
	bool digit = false, low = false, up = false;

	for (int i = 0; i < KNOWN_RUN; i++) {
		digit |= codes[i] < 10;
		low |= codes[i] >= 10 && codes[i] < 36;
		up |= codes[i] >= 36;
	}
	return digit + low + up < 2;
}

/* All runs of a spelling; plain ones only when it has no others. */
static int add_spelling(struct old_known *k, unsigned int id, const struct str *s)
{
	cleanup_free unsigned char *codes = malloc(s->len + 1);
	size_t n = 0, kept = 0;
	int r = 0;

	if (!codes)
		return -ENOMEM;
	for (size_t i = 0; i < s->len; i++)
		if (k->code[(unsigned char)s->s[i]] < NEWLINE)
			codes[n++] = k->code[(unsigned char)s->s[i]];
	for (int plain = 0; r == 0 && plain < 2 && kept == 0; plain++) {
		unsigned __int128 key = 0;

		for (size_t i = 0; r == 0 && i < n; i++) {
			key = ((key << 6) | codes[i]) & RUN_MASK;
			if (i + 1 < KNOWN_RUN || (!plain && is_plain(codes + i + 1 - KNOWN_RUN)))
				continue;
			r = add_run(k, key, id);
			kept++;
		}
	}
	secret_wipe(codes, n);
	return r;
}

/* ---- spellings */

static void spell_as_is(struct str *out, const unsigned char *v, size_t len, int arg)
{
	(void)arg;
	str_add_bytes(out, v, len);
}

static void spell_reversed(struct str *out, const unsigned char *v, size_t len, int arg)
{
	(void)arg;
	while (len-- > 0)
		str_add_char(out, (char)v[len]);
}

/* Only the characters that no neighbour has a share in; `before` bytes stand in front. */
static void spell_base64(struct str *out, const unsigned char *v, size_t len, int before)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	size_t first = (8 * (size_t)before + 5) / 6, last = 8 * ((size_t)before + len) / 6;

	for (size_t c = first; c < last; c++) {
		unsigned int bits = 0;

		for (size_t b = 6 * c; b < 6 * c + 6; b++)
			bits = bits << 1 | (v[b / 8 - (size_t)before] >> (7 - b % 8) & 1);
		str_add_char(out, digits[bits]);
	}
}

static void spell_hex(struct str *out, const unsigned char *v, size_t len, int upper)
{
	const char *digits = upper ? "0123456789ABCDEF" : "0123456789abcdef";

	for (size_t i = 0; i < len; i++) {
		str_add_char(out, digits[v[i] >> 4]);
		str_add_char(out, digits[v[i] & 15]);
	}
}

/* Percent-encoding of what needs it (RFC 3986); of every byte, it is hexadecimal here. */
static void spell_percent(struct str *out, const unsigned char *v, size_t len, int upper)
{
	for (size_t i = 0; i < len; i++) {
		if (memchr("-._~", v[i], 4) || (v[i] >= '0' && v[i] <= '9') ||
			((v[i] | 0x20) >= 'a' && (v[i] | 0x20) <= 'z'))
			str_add_char(out, (char)v[i]);
		else
			spell_hex(out, v + i, 1, upper);
	}
}

static const struct {
	void (*spell)(struct str *out, const unsigned char *v, size_t len, int arg);
	int arg;
} spellings[] = {
	{spell_as_is, 0},
	{spell_reversed, 0},
	{spell_base64, 0},
	{spell_base64, 1},
	{spell_base64, 2},
	{spell_hex, 0},
	{spell_hex, 1},
	{spell_percent, 0},
	{spell_percent, 1},
};

int old_known_add(struct old_known *k, unsigned int id, const char *value, size_t len)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_LEN(spellings); i++) {
		struct str s = {0};

		spellings[i].spell(&s, (const unsigned char *)value, len, spellings[i].arg);
		r = s.failed ? -ENOMEM : s.len ? add_spelling(k, id, &s) : 0;
		if (s.s)
			secret_wipe(s.s, s.cap);
		str_done(&s);
	}
	return r;
}

static int by_key(const void *a, const void *b)
{
	const struct run *x = a, *y = b;

	return x->key < y->key ? -1 : x->key > y->key;
}

int old_known_compile(struct old_known *k)
{
	unsigned int bits = 12;

	while (bits < 22 && ((size_t)1 << bits) < k->n * 64)
		bits++;
	k->shift = 64 - bits;
	k->bitmap = calloc(((size_t)1 << bits) / 64, sizeof(*k->bitmap));
	if (!k->bitmap)
		return -ENOMEM;
	if (k->n > 0)
		qsort(k->runs, k->n, sizeof(*k->runs), by_key);
	for (size_t i = 0; i < k->n; i++) {
		uint64_t h = hash(k->runs[i].key) >> k->shift;

		k->bitmap[h / 64] |= 1ULL << (h % 64);
	}
	return 0;
}

/* The secret that the run is of, or NULL. Inlined: this is asked at every letter of a text. */
static inline const struct run *look_up(const struct old_known *k, unsigned __int128 key)
{
	struct run wanted = {.key = key};
	uint64_t h = hash(key) >> k->shift;

	if (!(k->bitmap[h / 64] >> (h % 64) & 1))
		return NULL;
	return bsearch(&wanted, k->runs, k->n, sizeof(wanted), by_key);
}

int old_known_search(const struct old_known *k, struct old_known_state *st,
	const unsigned char *text, size_t len, old_known_hit_fn *hit, void *arg)
{
	struct old_known_state s = *st;
	int r = 0;

	if (k->n == 0)
		return 0;
	for (size_t i = 0; i < len && r >= 0; i++) {
		unsigned char code = k->code[text[i]];
		const struct run *found;

		if (code >= NEWLINE) {
			s.line += code == NEWLINE;
			continue;
		}
		s.run = ((s.run << 6) | code) & RUN_MASK;
		s.lines[s.seen++ % KNOWN_RING] = s.line;
		found = s.seen >= KNOWN_RUN ? look_up(k, s.run) : NULL;
		if (found)
			r = hit(arg, found->id, s.lines[(s.seen - KNOWN_RUN) % KNOWN_RING]);
	}
	*st = s;
	return r < 0 ? r : 0;
}
