/*
 * The redactor: any places in any text. What is JSON stays JSON, nothing outside of the places but
 * the rest of an escape or a character changes, and letters in them are gone. The first byte is the
 * number of places, each of them two bytes: where it starts and how long it is.
 */
#include "tests/fuzz/fuzz.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "scan/redact.h"

/* The longest escape; a place may cut two. */
#define AROUND 10

static bool is_json(const char *text, size_t len)
{
	json_t *j = json_loadb(text, len, 0, NULL);

	json_decref(j);
	return j != NULL;
}

static void check_far(const struct redaction *r, const uint8_t *was, const char *is, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		bool near = false;

		for (size_t s = 0; s < r->n; s++)
			near |= i + AROUND >= r->spans[s].start && i < r->spans[s].end + AROUND;
		if (!near && (char)was[i] != is[i])
			abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct redaction r = {0};
	bool was_json;
	size_t n;
	char *text;

	if (size < 4)
		return 0;
	n = data[0] % 8U;
	if (size < 1 + 2 * n)
		return 0;
	for (size_t i = 0; i < n; i++) {
		struct scan_finding f = {.rule = "x", .start = data[1 + 2 * i]};

		f.end = f.start + data[2 + 2 * i];
		if (redaction_add(&r, &f) < 0)
			abort();
	}
	data += 1 + 2 * n;
	size -= 1 + 2 * n;
	text = malloc(size + 1);
	if (!text)
		abort();
	memcpy(text, data, size);
	was_json = is_json(text, size);
	if (redaction_apply(&r, text, size) == 0) {
		check_far(&r, data, text, size);
		if (was_json && !is_json(text, size))
			abort();
	}
	free(text);
	redaction_done(&r);
	return 0;
}
