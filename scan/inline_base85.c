#include "scan/inline_base85.h"

#include <string.h>

#include "base/secret.h"

#define GROUP 5
#define NONE  0x80

static const enum inline_class firsts[] = {CLASS_ADOBE, CLASS_Z85, CLASS_GIT};

void base85_reset(struct base85_reader *r)
{
	secret_wipe(r->chars, r->n);
	r->n = 0;
	r->next = 0;
	r->open = false;
}

/* ---- groups */

static inline const unsigned char *values_of(enum base85_alphabet a)
{
	static const char *const alphabets[] = {
		[BASE85_ADOBE] =
			"!\"#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`"
			"abcdefghijklmnopqrstu",
		[BASE85_Z85] =
			"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&"
			"<>()[]{}@%$#",
		[BASE85_GIT] =
			"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz!#$%&()*+-;"
			"<=>?@^_`{|}~",
	};
	static unsigned char values[BASE85_ALPHABETS][256];
	static bool made;

	if (!__atomic_load_n(&made, __ATOMIC_ACQUIRE)) {
		memset(values, NONE, sizeof(values));
		for (int i = 0; i < BASE85_ALPHABETS; i++)
			for (unsigned char v = 0; v < 85; v++)
				values[i][(unsigned char)alphabets[i][v]] = v;
		__atomic_store_n(&made, true, __ATOMIC_RELEASE);
	}
	return values[a];
}

/* Five characters; false: they are no group. */
static bool decode(const unsigned char *values, const unsigned char *p, uint32_t *ret)
{
	uint64_t x = 0;
	unsigned char wrong = 0;

	for (int i = 0; i < GROUP; i++) {
		x = x * 85 + (values[p[i]] & 0x7F);
		wrong |= values[p[i]];
	}
	*ret = (uint32_t)x;
	return !(wrong & NONE) && x <= UINT32_MAX;
}

static bool is_ascii(uint32_t x)
{
	for (int i = 0; i < 4; i++, x >>= 8)
		if (((x & 0xFF) < ' ' && (x & 0xFF) != '\n' && (x & 0xFF) != '\t') ||
			(x & 0xFF) > '~')
			return false;
	return true;
}

/* Three groups say text. */
static bool says_text(const unsigned char *values, const unsigned char *p)
{
	uint32_t x;

	for (size_t i = 0; i < 3; i++)
		if (!decode(values, p + i * GROUP, &x) || !is_ascii(x))
			return false;
	return true;
}

/* ---- reading */

/* What is gathered is decoded, as far as it can be; false in *good: not all. */
static int take(struct base85_reader *r, bool final, bool *good, const struct inline_out *out)
{
	unsigned char bytes[BASE85_PART * 4 + 64] __attribute__((uninitialized));
	const unsigned char *values = values_of(r->alphabet);
	size_t groups = 0, rest;
	uint32_t x;
	struct text_bytes b = {.p = bytes, .at = r->at, .final = final, .least = TEXT_LEAST};
	int ret = 0;

	while ((groups + 1) * GROUP <= r->n && decode(values, r->chars + groups * GROUP, &x)) {
		x = __builtin_bswap32(x);
		memcpy(bytes + groups++ * 4, &x, 4);
	}
	*good = groups == r->n / GROUP;
	rest = *good ? r->n % GROUP : 0;
	b.n = groups * 4;
	/* A group that is not complete is filled with the highest digits. */
	if (final && rest > 1) {
		unsigned char last[GROUP];

		memset(last,
			r->alphabet == BASE85_ADOBE ? 'u'
			: r->alphabet == BASE85_Z85 ? '#'
						    : '~',
			GROUP);
		memcpy(last, r->chars + groups * GROUP, rest);
		if (decode(values, last, &x)) {
			x = __builtin_bswap32(x);
			memcpy(bytes + b.n, &x, 4);
			b.n += rest - 1;
		}
	}
	memset(bytes + b.n, 1, 64);
	if (b.n > 0)
		ret = text_take(&r->lane, &b, out);
	secret_wipe(bytes, sizeof(bytes));
	return ret;
}

/* The groups go on at *i, up to where the run ends. Moves it; r->open: they may go on there. */
static int read_groups(struct base85_reader *r, const struct inline_window *w, size_t *i)
{
	const unsigned char *values = values_of(r->alphabet);
	bool good = true;
	int ret = 0;

	while (ret == 0 && good && *i < w->end) {
		unsigned char c = w->p[*i];

		if (c == '\r' || c == '\n') {
			++*i;
			continue;
		}
		if (values[c] & NONE)
			break;
		r->chars[r->n] = c;
		r->at[r->n++] = w->base + (*i)++;
		if (r->n < BASE85_PART * GROUP)
			continue;
		ret = take(r, false, &good, w->out);
		r->n = 0;
	}
	if (ret == 0 && good && *i == w->end && !w->last)
		return 0;
	r->open = false;
	if (ret == 0 && good)
		ret = take(r, true, &good, w->out);
	secret_wipe(r->chars, r->n);
	r->n = 0;
	return ret;
}

/* ---- beginnings */

/* Ones within `by` (19 or 20) behind a place, that included, become one at it. Written out, since
 * the compiler does not unroll it as a loop. */
static inline __attribute__((always_inline)) unsigned __int128 spread(
	unsigned __int128 x, const unsigned int by)
{
	x |= x >> 1;
	x |= x >> 2;
	x |= x >> 4;
	x |= x >> 8;
	return x | x >> (by - 16);
}

static inline unsigned __int128 wide(const uint64_t *mask, size_t w)
{
	return (unsigned __int128)mask[w + 1] << 64 | mask[w];
}

/* Places within 20 bytes of which there are two of x. */
static inline uint64_t two_of(unsigned __int128 x)
{
	return (uint64_t)spread(x & spread(x >> 1, BASE85_LEAST - 1), BASE85_LEAST);
}

/*
 * Places of a word behind which there are 20 bytes without white space, among them capitals, small
 * letters and signs, which are what text of another kind hardly has so close to each other.
 */
static uint64_t mixed(const struct inline_window *w, size_t at)
{
	unsigned __int128 visible = wide(w->masks[CLASS_VISIBLE], at), upper, lower, sign;
	uint64_t ret;

	upper = wide(w->masks[CLASS_UPPER], at);
	lower = wide(w->masks[CLASS_LOWER], at);
	sign = visible & ~(upper | lower | wide(w->masks[CLASS_NUMBERS], at));
	/* Digits are in both classes. */
	if (!(upper & ~lower) || !sign)
		return 0;
	ret = (uint64_t)~spread(~visible, BASE85_LEAST);
	if (ret)
		ret &= two_of(upper & ~lower);
	if (ret)
		ret &= two_of(sign);
	return ret ? ret & (uint64_t)spread(lower & ~upper, BASE85_LEAST) : 0;
}

/* The place of this word from `from` on at which groups begin that say text; w->end: none. */
static size_t find_in(struct base85_reader *r, const struct inline_window *w, size_t from)
{
	size_t at = from / 64;
	uint64_t places = mixed(w, at) & ~0ULL << from % 64, found[BASE85_ALPHABETS], any = 0;

	for (int a = 0; places && a < BASE85_ALPHABETS; a++) {
		unsigned __int128 first = wide(w->masks[firsts[a]], at);

		found[a] = places & (uint64_t)(first & first >> GROUP & first >> 2 * GROUP);
		any |= found[a];
	}
	for (; any; any &= any - 1) {
		size_t bit = (size_t)__builtin_ctzll(any), place = at * 64 + bit;

		for (int a = 0; a < BASE85_ALPHABETS; a++)
			if (found[a] >> bit & 1 &&
				says_text(values_of((enum base85_alphabet)a), w->p + place)) {
				r->alphabet = (enum base85_alphabet)a;
				return place;
			}
	}
	return w->end;
}

/* The same in all of the window. Most words have no 20 visible bytes in a row. */
static size_t find(struct base85_reader *r, const struct inline_window *w, size_t from)
{
	const uint64_t *visible = w->masks[CLASS_VISIBLE];

	while ((from = bits_run(visible, from, w->end, BASE85_LEAST)) < w->end) {
		size_t place = find_in(r, w, from);

		if (place < w->end)
			return place;
		from = (from / 64 + 1) * 64;
	}
	return w->end;
}

int base85_scan(struct base85_reader *r, const struct inline_window *w)
{
	size_t i = window_at(w, r->next);
	int ret = 0;

	while (ret == 0) {
		if (r->open) {
			ret = read_groups(r, w, &i);
			if (r->open || i == w->end)
				break;
		}
		i = find(r, w, i);
		if (i == w->end) {
			/* What begins near the end is looked at again. */
			i = window_at(w, r->next);
			if (w->end - i > BASE85_LEAST)
				i = w->end - BASE85_LEAST;
			break;
		}
		r->lane = (struct text_lane){.coding = INLINE_BASE85, .chars = GROUP, .bytes = 4};
		r->open = true;
	}
	r->next = w->base + i;
	return ret;
}
