/* Heads and bodies of HTTP/1: a body never gives more than it was given. */
#include <stdlib.h>
#include <string.h>

#include "base/http1.h"
#include "base/http1_body.h"
#include "tests/fuzz/fuzz.h"

static void must(int holds)
{
	if (!holds)
		abort();
}

static void try_body(const struct http1_length *length, const uint8_t *data, size_t size)
{
	struct http1_body b;
	size_t at = 0, given = 0;

	http1_body_start(&b, length, true);
	while (at < size && !http1_body_is_done(&b)) {
		struct http1_piece piece;
		long n = http1_body_take(&b, data + at, size - at, &piece);

		if (n < 0)
			return;
		must(n > 0 && (size_t)n <= size - at);
		at += (size_t)n;
		given += piece.len;
	}
	must(given <= at);
	if (length->framing == HTTP1_LENGTH)
		must(given <= length->length);
}

static void try_request(const uint8_t *data, size_t head, size_t size)
{
	struct http1_head h = {0};
	struct http1_length length;
	const char *why;

	if (http1_parse_request(data, head, &h, &why) == 0) {
		if (http1_request_length(&h, &length, &why) == 0)
			try_body(&length, data + head, size - head);
		(void)http1_keeps_alive(&h);
	}
	http1_head_done(&h);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct http1_head h = {0};
	struct http1_length length;
	size_t scanned = 0;
	const char *why;
	long n = http1_head_length(data, size, &scanned, &why);

	if (n <= 0)
		return 0;
	must((size_t)n <= size);
	try_request(data, (size_t)n, size);
	if (http1_parse_response(data, (size_t)n, &h, &why) == 0 &&
		http1_response_length(&h, "GET", &length, &why) == 0)
		try_body(&length, data + n, size - (size_t)n);
	http1_head_done(&h);
	return 0;
}
