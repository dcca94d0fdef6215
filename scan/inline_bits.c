#include "scan/inline_bits.h"

/* Ones of a word from position `from` on, none at or behind end. */
static uint64_t cut(uint64_t word, size_t w, size_t from, size_t end)
{
	if (w == from / 64)
		word &= ~0ULL << from % 64;
	if (w == end / 64)
		word &= (1ULL << end % 64) - 1;
	return w > end / 64 ? 0 : word;
}

/* Two words and the two from the second one on, of ones of which each means as many in a row. */
struct ones {
	bits_two low, high;
};

/* Now each one means `by` more. */
static inline __attribute__((always_inline)) void join(struct ones *x, const int by)
{
	x->low &= x->low >> by | x->high << (64 - by);
	x->high &= x->high >> by;
}

/* Where in two words `run` ones in a row begin; the word behind them is read. Inlined for each
 * length: written out, since the compiler does not unroll it as a loop. */
static inline __attribute__((always_inline)) bits_two runs_in(
	const uint64_t *mask, const unsigned int run)
{
	struct ones x = {.low = bits_load(mask), .high = bits_load(mask + 1)};

	join(&x, 1);
	join(&x, 2);
	join(&x, 4);
	if (run > 8)
		join(&x, run < 16 ? (int)run - 8 : 8);
	if (run > 16)
		join(&x, (int)run - 16);
	return x.low;
}

static inline __attribute__((always_inline)) size_t find_run(
	const uint64_t *mask, size_t from, size_t end, const unsigned int run)
{
	size_t w = from / 64;
	uint64_t keep = ~0ULL << from % 64;

	for (; w * 64 < end; w += 2, keep = ~0ULL) {
		bits_two found = runs_in(mask + w, run);
		uint64_t first = found[0] & keep;
		size_t at;

		if (!(first | found[1]))
			continue;
		at = w * 64 +
		     (size_t)(first ? __builtin_ctzll(first) : 64 + __builtin_ctzll(found[1]));
		return at + run <= end ? at : end;
	}
	return end;
}

size_t bits_run(const uint64_t *mask, size_t from, size_t end, unsigned int run)
{
	if (run == 16)
		return find_run(mask, from, end, 16);
	if (run == 20)
		return find_run(mask, from, end, 20);
	return run == 8 ? find_run(mask, from, end, 8) : find_run(mask, from, end, 24);
}

size_t bits_one(const uint64_t *mask, size_t from, size_t end)
{
	for (size_t w = from / 64; w * 64 < end; w++) {
		uint64_t word = cut(mask[w], w, from, end);

		if (word)
			return w * 64 + (size_t)__builtin_ctzll(word);
	}
	return end;
}

size_t bits_zero(const uint64_t *mask, size_t from, size_t end)
{
	for (size_t w = from / 64; w * 64 < end; w++) {
		uint64_t word = cut(~mask[w], w, from, end);

		if (word)
			return w * 64 + (size_t)__builtin_ctzll(word);
	}
	return end;
}

size_t bits_count(const uint64_t *mask, size_t from, size_t end)
{
	size_t n = 0;

	for (size_t w = from / 64; w * 64 < end; w++)
		n += (size_t)__builtin_popcountll(cut(mask[w], w, from, end));
	return n;
}
