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

static const unsigned char *values_of(enum base85_alphabet a)
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

/* Two groups, or three where there are as many characters, say text. */
static bool says_text(const unsigned char *values, const unsigned char *p, size_t have)
{
	uint32_t x;

	for (size_t i = 0; i < 3 && (i + 1) * GROUP <= have; i++)
		if (!decode(values, p + i * GROUP, &x) || !is_ascii(x))
			return false;
	return true;
}

/* ---- reading */

/* What is gathered is decoded, as far as it can be; false in *good: not all. */
static int take(struct base85_reader *r, bool final, bool *good, const struct inline_out *out)
{
	unsigned char bytes[BASE85_PART * 4 + 64];
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

/* Ones within `by` behind a place, that included, become one at it. */
static unsigned __int128 spread(unsigned __int128 x, unsigned int by)
{
	for (unsigned int have = 1; have < by;) {
		unsigned int step = by - have < have ? by - have : have;

		x |= x >> step;
		have += step;
	}
	return x;
}

static unsigned __int128 wide(const uint64_t *mask, size_t w)
{
	return (unsigned __int128)mask[w + 1] << 64 | mask[w];
}

/* Places of a word at which there are capitals, small letters and signs in the next 20 bytes. */
static uint64_t mixed(const struct inline_window *w, size_t at)
{
	unsigned __int128 upper = wide(w->masks[CLASS_UPPER], at), any;
	unsigned __int128 lower = wide(w->masks[CLASS_LOWER], at);
	unsigned __int128 sign = wide(w->masks[CLASS_VISIBLE], at) &
				 ~(upper | lower | wide(w->masks[CLASS_BASE58], at));

	any = spread(sign, BASE85_LEAST);
	if ((uint64_t)any == 0)
		return 0;
	/* Digits are in both classes. */
	return (uint64_t)(any & spread(upper & ~lower, BASE85_LEAST) &
			  spread(lower & ~upper, BASE85_LEAST));
}

/* Places in a word that may begin three groups, which say text, in one of the alphabets. */
static bool find_in(struct base85_reader *r, const struct inline_window *w, size_t from, size_t end,
	size_t *ret)
{
	size_t at = from / 64;
	uint64_t places = mixed(w, at), found[BASE85_ALPHABETS], any = 0;

	places &= ~0ULL << from % 64;
	for (int a = 0; places && a < BASE85_ALPHABETS; a++) {
		unsigned __int128 first = wide(w->masks[firsts[a]], at);

		found[a] = places & (uint64_t)(first & first >> GROUP & first >> 2 * GROUP);
		any |= found[a];
	}
	for (; any; any &= any - 1) {
		size_t bit = (size_t)__builtin_ctzll(any), place = at * 64 + bit;

		for (int a = 0; place + 3 * GROUP <= end && a < BASE85_ALPHABETS; a++) {
			if (!(found[a] >> bit & 1) || !says_text(values_of((enum base85_alphabet)a),
							      w->p + place, end - place))
				continue;
			r->alphabet = (enum base85_alphabet)a;
			*ret = place;
			return true;
		}
	}
	return false;
}

static bool find(struct base85_reader *r, const struct inline_window *w, size_t from, size_t end,
	size_t *ret)
{
	while (from < end) {
		if (find_in(r, w, from, end, ret))
			return *ret < end;
		from = (from / 64 + 1) * 64;
	}
	return false;
}

int base85_scan(struct base85_reader *r, const struct inline_window *w)
{
	const uint64_t *visible = w->masks[CLASS_VISIBLE];
	size_t i = window_at(w, r->next), end, at;
	int ret = 0;

	while (ret == 0) {
		if (r->open) {
			ret = read_groups(r, w, &i);
			if (r->open || i == w->end)
				break;
		}
		i = bits_run(visible, i, w->end, BASE85_LEAST);
		if (i == w->end)
			break;
		end = bits_zero(visible, i, w->end);
		if (find(r, w, i, end, &at)) {
			r->lane = (struct text_lane){
				.coding = INLINE_BASE85, .chars = GROUP, .bytes = 4};
			r->open = true;
			i = at;
			continue;
		}
		i = end;
	}
	/* What begins near the end is looked at again. */
	if (!r->open && i == w->end)
		for (at = 0; i > 0 && at < BASE85_LEAST && bits_at(visible, i - 1); at++)
			i--;
	r->next = w->base + i;
	return ret;
}
