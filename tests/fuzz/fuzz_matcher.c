/*
 * A pattern, its compiled rule and a text: whatever the pattern, compiling says so or matching
 * ends, and what is found does not depend on how the text is cut. Up to the first line's end the
 * pattern, behind it the text.
 */
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "scan/compile.h"
#include "scan/matcher.h"

static int count(void *arg, const struct match *m)
{
	uint64_t *sum = arg;

	if (m->at > m->at_end || m->at_end > m->len || m->secret_at > m->secret_end ||
		m->secret_end > m->len)
		abort();
	*sum = *sum * 31 + m->start * 1000003 + m->end;
	return 0;
}

/* In pieces; 0 where it could not be decided. */
static uint64_t run(struct matcher_stream *s, const uint8_t *text, size_t size, size_t piece)
{
	uint64_t sum = 1;
	int r = 0;

	matcher_reset(s);
	for (size_t i = 0; i < size && r == 0; i += piece)
		r = matcher_feed(s, text + i, piece < size - i ? piece : size - i, count, &sum);
	if (r == 0)
		r = matcher_finish(s, count, &sum);
	return r < 0 ? 0 : sum;
}

static void match(const struct ruleset *rules, const void *image, size_t len, const uint8_t *text,
	size_t size)
{
	struct matcher_scratch *scratch = NULL;
	struct matcher_stream *s = NULL;
	struct matcher *m = NULL;
	struct err e;
	uint64_t whole;

	if (matcher_new(rules, image, len, &m, &e) < 0 ||
		matcher_scratch_new(m, &scratch, &e) < 0 || matcher_open(m, scratch, &s, &e) < 0)
		abort();
	whole = run(s, text, size, size ? size : 1);
	for (size_t piece = 1; piece < 4000; piece = piece * 7 + 1)
		if (run(s, text, size, piece) != whole)
			abort();
	matcher_close(s);
	matcher_scratch_free(scratch);
	matcher_free(m);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *end = memchr(data, '\n', size);
	size_t len = end ? (size_t)(end - data) : size;
	char id[] = "fuzzed", *pattern;
	struct rule rule = {.id = id};
	struct ruleset rules = {.rules = &rule, .n = 1};
	void *image = NULL;
	size_t image_len = 0;
	struct err e;

	if (len > 200)
		return 0;
	pattern = strndup((const char *)data, len);
	rule.pattern = pattern;
	if (pattern && matcher_compile(&rules, &image, &image_len, &e) == 0)
		match(&rules, image, image_len, data + len, size - len);
	free(image);
	free(pattern);
	return 0;
}
