#include "scan/inline_base58.h"

#include <string.h>

#include "base/secret.h"
#include "scan/inline_letters.h"
#include "scan/inline_text.h"

#define LIMBS 84 /* of 64 bits: BASE58_MAX characters of 5.86 */

static unsigned int value_of(unsigned char c)
{
	static const char alphabet[] = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
	static unsigned char values[256];
	static bool made;

	if (!__atomic_load_n(&made, __ATOMIC_ACQUIRE)) {
		for (unsigned char i = 0; i < sizeof(alphabet) - 1; i++)
			values[(unsigned char)alphabet[i]] = i;
		__atomic_store_n(&made, true, __ATOMIC_RELEASE);
	}
	return values[c];
}

/* Ten characters at a time. The lowest limb first; how many there are. */
static size_t decode(const unsigned char *p, size_t len, uint64_t limbs[LIMBS])
{
	size_t n = 0;

	while (len > 0) {
		uint64_t digits = 0, times = 1;

		for (int i = 0; i < 10 && len > 0; i++, p++, len--) {
			digits = digits * 58 + value_of(*p);
			times *= 58;
		}
		for (size_t i = 0; i < n; i++) {
			unsigned __int128 x = (unsigned __int128)limbs[i] * times + digits;

			limbs[i] = (uint64_t)x;
			digits = (uint64_t)(x >> 64);
		}
		if (digits > 0)
			limbs[n++] = digits;
	}
	return n;
}

/* Hardly any number says text; this sees most that do not. */
static bool may_say(const unsigned char *p, size_t n)
{
	size_t run = 0;

	for (size_t i = 0; i < n && run < TEXT_LEAST; i++)
		run = (p[i] >= ' ' && p[i] != 0x7F) || p[i] == '\n' || p[i] == '\t' ||
				      p[i] == '\r' || p[i] == 0
			      ? run + 1
			      : 0;
	return run >= TEXT_LEAST;
}

static int take_token(const struct inline_window *w, size_t from, size_t end)
{
	uint64_t limbs[LIMBS] __attribute__((uninitialized));
	uint64_t at[BASE58_MAX] __attribute__((uninitialized));
	unsigned char bytes[LIMBS * 8 + 64] __attribute__((uninitialized));
	struct text_lane lane = {.coding = INLINE_BASE58, .chars = (unsigned short)(end - from)};
	struct text_bytes b = {
		.p = bytes, .at = at, .start = true, .final = true, .least = TEXT_LEAST};
	size_t n = decode(w->p + from, end - from, limbs), skip;
	int r = 0;

	for (size_t i = 0; i < n * 8; i++)
		bytes[i] = (unsigned char)(limbs[n - 1 - i / 8] >> (56 - i % 8 * 8));
	for (skip = 0; skip < n * 8 && bytes[skip] == 0;)
		skip++;
	b.p += skip;
	b.n = n * 8 - skip;
	memset(bytes + n * 8, 1, 64);
	for (size_t i = from; i < end; i++)
		at[i - from] = w->base + i;
	lane.bytes = (unsigned short)b.n;
	if (b.n > 0 && may_say(b.p, b.n))
		r = text_take(&lane, &b, w->out);
	secret_wipe(bytes, n * 8);
	secret_wipe(limbs, n * 8);
	return r;
}

int base58_scan(struct base58_reader *r, const struct inline_window *w)
{
	const uint64_t *mask = w->masks[CLASS_BASE58];
	size_t i = window_at(w, r->next), end;
	int ret = 0;

	while (ret == 0 && (i = bits_run(mask, i, w->end, BASE58_LEAST)) < w->end) {
		end = bits_zero(mask, i, w->end);
		if (end == w->end && end - i <= BASE58_MAX && !w->last)
			break;
		/* The four letters that it leaves out say that it is something else. */
		if (end - i <= BASE58_MAX && (i == 0 || !letter_is_alnum(w->p[i - 1])) &&
			(end == w->end || !letter_is_alnum(w->p[end])))
			ret = take_token(w, i, end);
		i = end;
	}
	/* The last ones may be the beginning of a token. */
	if (i == w->end)
		while (i > 0 && bits_at(mask, i - 1) && w->end - i < BASE58_LEAST)
			i--;
	r->next = w->base + i;
	return ret;
}
