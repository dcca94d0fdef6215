/*
 * The scanner: what it finds must not depend on how a stream is cut. The first two bytes are the
 * size of a piece, the rest is the text, which is also repeated to be longer than a window.
 */
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "scan/old_scan.h"

static int count(void *arg, const struct scan_finding *f)
{
	/* Order-independent, so that only what is found counts. */
	*(uint64_t *)arg += 1000003 * (uint64_t)f->line + (uint64_t)f->rule[0];
	return 0;
}

static uint64_t scan(const struct scan_rules *rules, const uint8_t *text, size_t size, size_t piece)
{
	struct scan *s = NULL;
	uint64_t sum = 0;
	struct err e;

	if (scan_open(rules, count, &sum, &s, &e) < 0)
		abort();
	for (int round = 0; round < 40; round++)
		for (size_t i = 0; i < size; i += piece)
			if (scan_feed(s, text + i, piece < size - i ? piece : size - i, &e) < 0)
				abort();
	if (scan_finish(s, &e) < 0)
		abort();
	scan_close(s);
	return sum;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct scan_secret known = {"A", "Zk3jd8Fj2k-D92jfkW0sL1", 22};
	static struct scan_rules *rules;
	struct err e;
	size_t piece;

	if (!rules && scan_rules_new(&known, 1, &rules, &e) < 0)
		abort();
	if (size < 3)
		return 0;
	piece = (size_t)(data[0] << 8 | data[1]) + 1;
	if (scan(rules, data + 2, size - 2, piece) != scan(rules, data + 2, size - 2, size))
		abort();
	return 0;
}
