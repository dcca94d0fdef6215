/*
 * Known secrets: what is found must not depend on how a text is cut. The first byte is the size of
 * a piece, the second the length of a secret, which comes next; the rest is the text.
 */
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>

#include "scan/known.h"

static int sum_up(void *arg, unsigned int id, uint64_t start, uint64_t end)
{
	if (start >= end)
		abort();
	*(uint64_t *)arg += (start * 1000003 + end) * 1000003 + id;
	return 0;
}

static uint64_t search(const struct known *k, const uint8_t *text, size_t size, size_t piece)
{
	struct known_state state = {0};
	uint64_t sum = 0;

	for (size_t at = 0; at < size; at += piece)
		if (known_search(k, &state, text + at, piece < size - at ? piece : size - at,
			    sum_up, &sum) < 0)
			abort();
	return sum;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct known *k;
	struct err e;
	size_t piece, len;

	if (size < 3)
		return 0;
	piece = data[0] + 1U;
	len = data[1] % 80U < size - 2 ? data[1] % 80U : size - 2;
	k = known_new();
	if (!k)
		abort();
	/* One that is too short is refused. */
	if (known_add(k, 1, (const char *)data + 2, len, &e) < 0 && len >= 8)
		abort();
	if (known_compile(k) < 0)
		abort();
	data += 2;
	size -= 2;
	if (search(k, data, size, piece) != search(k, data, size, size) ||
		search(k, data, size, 1) != search(k, data, size, size))
		abort();
	known_free(k);
	return 0;
}
