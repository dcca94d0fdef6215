/*
 * Heads and bodies of HTTP/1: what parses as a request must be written in a form that parses again,
 * to the same, in one message; a body must never give more than it was given.
 */
#include <stdlib.h>
#include <string.h>

#include "egress/body.h"
#include "egress/host.h"
#include "egress/http1.h"
#include "egress/target.h"
#include "tests/fuzz/fuzz.h"

static void must(int holds)
{
	if (!holds)
		abort();
}

static void try_target(const char *raw)
{
	struct target t, again;
	const char *why;

	if (target_parse(raw, &t, &why) == 0) {
		/* The canonical form is its own canonical form. */
		must(target_parse(t.text, &again, &why) == 0);
		must(strcmp(t.text, again.text) == 0);
		must(t.git == again.git);
		target_done(&again);
	}
	target_done(&t);
}

static void try_host(const char *text)
{
	char host[HOST_MAX], again[HOST_MAX];
	const char *why;
	uint16_t port;

	if (host_parse_authority(text, strlen(text), host, &port, &why) == 0) {
		must(host_parse(host, strlen(host), again, &why) == 0);
		must(strcmp(host, again) == 0);
	}
}

static void try_body(const struct http1_length *length, const uint8_t *data, size_t size)
{
	struct body b;
	size_t at = 0, given = 0;

	body_start(&b, length, true);
	while (at < size && !body_is_done(&b)) {
		struct body_piece piece;
		long n = body_take(&b, data + at, size - at, &piece);

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
	const char *why, *value;

	if (http1_parse_request(data, head, &h, &why) == 0) {
		value = http1_field(&h, "Host", NULL);
		if (value)
			try_host(value);
		try_target(h.target);
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
