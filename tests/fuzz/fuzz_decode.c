/*
 * Coded answers of a hostile upstream: the first byte chooses the codings and how the rest, the
 * answer, is cut. However it is cut, the same comes out, within the ratio.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "egress/decode.h"
#include "tests/fuzz/fuzz.h"

#define RATIO	100
#define OUT_MAX (1U << 17)

struct outcome {
	int result;
	size_t len;
	unsigned int sum;
};

static void must(int holds)
{
	if (!holds)
		abort();
}

static struct decode *opened(uint8_t choice)
{
	static const char *const codings[] = {"gzip", "deflate", "br", "zstd", "gzip, br",
		"deflate, gzip", "zstd, zstd", "br, gzip"};
	struct http1_head head;
	struct decode *d;
	const char *what;
	char text[128];
	int len = snprintf(text, sizeof(text), "HTTP/1.1 200 OK\r\nContent-Encoding: %s\r\n\r\n",
		codings[choice & 7]);

	must(http1_parse_response((const unsigned char *)text, (size_t)len, &head, &what) == 0);
	must(decode_new(&head, RATIO, &d) == 0);
	http1_head_done(&head);
	return d;
}

static struct outcome pass(uint8_t choice, const uint8_t *p, size_t len, size_t most)
{
	struct decode *d = opened(choice);
	struct outcome o = {0};
	struct http1_piece piece;

	for (size_t at = 0; at < len && o.result == 0 && o.len < OUT_MAX;) {
		size_t n = len - at < most ? len - at : most;

		must(decode_feed(d, &(struct http1_piece){.data = p + at, .len = n}) == 0);
		at += n;
		while (o.len < OUT_MAX && (o.result = decode_take(d, &piece)) > 0) {
			for (size_t i = 0; i < piece.len && o.len < OUT_MAX; i++, o.len++)
				o.sum = o.sum * 31 + piece.data[i];
		}
	}
	if (o.result == 0 && o.len < OUT_MAX)
		o.result = decode_end(d);
	decode_free(d);
	return o;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct outcome whole, cut;

	if (size < 2)
		return 0;
	whole = pass(data[0], data + 1, size - 1, size);
	cut = pass(data[0], data + 1, size - 1, 1 + (data[0] >> 3));
	/* What a broken one said before its fault may differ: the decoders differ there, too. */
	if (whole.result >= 0 && cut.result >= 0)
		must(whole.len == cut.len && whole.sum == cut.sum);
	must((whole.result < 0) == (cut.result < 0) || whole.len == OUT_MAX || cut.len == OUT_MAX);
	return 0;
}
