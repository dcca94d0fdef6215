/*
 * Readers of values, and what is split over them: what is written and what is found must not depend
 * on how a text is cut. The first byte is the kind, the second the size of a piece.
 */
#include "tests/fuzz/fuzz.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "scan/split.h"
#include "scan/values.h"

struct reading {
	struct split *split;
	uint64_t sum;
	bool is_open;
	char name[VALUES_NAME_MAX];
};

static int on_hit(void *arg, unsigned int id, uint64_t start, uint64_t end)
{
	struct reading *r = arg;

	(void)id;
	(void)start;
	(void)end;
	r->sum = r->sum * 31 + 0x10001;
	return 0;
}

static void mix(struct reading *r, const unsigned char *p, size_t len)
{
	for (size_t i = 0; i < len; i++)
		r->sum = r->sum * 131 + p[i];
}

static int on_piece(void *arg, const char *name, const unsigned char *p, size_t len)
{
	struct reading *r = arg;

	if (len == 0 || strlen(name) >= VALUES_NAME_MAX)
		abort();
	if (!r->is_open)
		mix(r, (const unsigned char *)name, strlen(name));
	r->is_open = true;
	mix(r, p, len);
	return split_value(r->split, name, p, len, on_hit, r);
}

static int on_end(void *arg)
{
	struct reading *r = arg;

	if (!r->is_open)
		abort();
	r->is_open = false;
	r->sum = r->sum * 31 + 0x101;
	return split_end(r->split, on_hit, r);
}

static uint64_t read_all(const struct known *k, enum values_kind kind, const uint8_t *text,
	size_t size, size_t piece)
{
	struct values_reader *v = values_open(kind);
	struct reading r = {.split = split_new(k)};
	const struct values_out out = {on_piece, on_end, &r};

	if (!v || !r.split)
		abort();
	split_message(r.split, NULL);
	for (size_t at = 0; at < size; at += piece)
		if (values_feed(v, text + at, piece < size - at ? piece : size - at, &out) < 0)
			abort();
	if (values_finish(v, &out) < 0 || r.is_open)
		abort();
	values_close(v);
	split_free(r.split);
	return r.sum;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct known *k;
	enum values_kind kind;
	struct err e;
	uint64_t whole;
	size_t piece;

	if (!k) {
		k = known_new();
		if (!k || known_add(k, 0, "ab1cd2ef3gh4ij5kl6", 18, &e) < 0 || known_compile(k) < 0)
			abort();
	}
	if (size < 3)
		return 0;
	kind = data[0] % 2 ? VALUES_JSON : VALUES_FORM;
	piece = data[1] + 1U;
	whole = read_all(k, kind, data + 2, size - 2, size);
	if (read_all(k, kind, data + 2, size - 2, piece) != whole ||
		read_all(k, kind, data + 2, size - 2, 1) != whole)
		abort();
	(void)values_kind_of(NULL, data, size);
	return 0;
}
