#include "egress/websocket_handshake.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "egress/websocket_extensions.h"

#define KEY "dGhlIHNhbXBsZSBub25jZQ=="

#define ASK(more)                                                                                  \
	"GET /chat HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"           \
	"Sec-WebSocket-Version: 13\r\n" more "\r\n"

static int offer(struct websocket_handshake *h, const char *text, struct http1_head *ret)
{
	const char *why = "";
	int r;

	assert_int_equal(
		http1_parse_request((const unsigned char *)text, strlen(text), ret, &why), 0);
	r = websocket_offer(h, ret, &why);
	assert_true(r == 0 || *why);
	return r;
}

static int ask(const char *text)
{
	struct websocket_handshake h;
	struct http1_head head;
	int r = offer(&h, text, &head);

	http1_head_done(&head);
	return r;
}

static void a_handshake_is_taken_in_one_form_only(void **state)
{
	(void)state;
	assert_int_equal(ask(ASK("Sec-WebSocket-Key: " KEY "\r\n")), 0);
	assert_int_equal(ask(ASK("")), -EPROTO);
	assert_int_equal(ask(ASK("Sec-WebSocket-Key: short\r\n")), -EPROTO);
	/* The same bytes in another spelling. */
	assert_int_equal(ask(ASK("Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZR==\r\n")), -EPROTO);
	assert_int_equal(
		ask(ASK("Sec-WebSocket-Key: " KEY "\r\nSec-WebSocket-Key: " KEY "\r\n")), -EPROTO);
	assert_int_equal(ask(ASK("Sec-WebSocket-Key: " KEY "\r\nUpgrade: h2c\r\n")), -EPROTO);
	assert_int_equal(ask(ASK("Sec-WebSocket-Key: " KEY "\r\nSec-WebSocket-Version: 8\r\n")),
		-EPROTONOSUPPORT);
	assert_int_equal(
		ask("POST / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: "
		    "Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: " KEY "\r\n\r\n"),
		-EPROTO);
	assert_int_equal(ask("GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: close"
			     "\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: " KEY "\r\n\r\n"),
		-EPROTO);
}

static void the_agents_key_goes_nowhere_and_is_answered(void **state)
{
	struct websocket_handshake h;
	struct http1_head head;

	(void)state;
	assert_int_equal(offer(&h, ASK("Sec-WebSocket-Key: " KEY "\r\n"), &head), 0);
	assert_string_not_equal(http1_field(&head, "Sec-WebSocket-Key", NULL), KEY);
	/* RFC 6455, section 1.3. */
	assert_string_equal(h.accept, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
	http1_head_done(&head);
}

static void an_offer_becomes(const char *fields, const char *want)
{
	char text[1024];
	struct websocket_handshake h;
	struct http1_head head;
	const char *got;
	size_t n;

	snprintf(text, sizeof(text), ASK("Sec-WebSocket-Key: " KEY "\r\n%s"), fields);
	assert_int_equal(offer(&h, text, &head), 0);
	got = http1_field(&head, "Sec-WebSocket-Extensions", &n);
	assert_int_equal(n, want ? 1 : 0);
	if (want)
		assert_string_equal(got, want);
	http1_head_done(&head);
}

#define EXT "Sec-WebSocket-Extensions: "

static void only_what_can_be_read_is_offered(void **state)
{
	(void)state;
	an_offer_becomes("", NULL);
	an_offer_becomes(EXT "\r\n", NULL);
	an_offer_becomes(EXT "x-webkit-deflate-frame, bbf-usp-protocol; eid=\"a\"\r\n", NULL);
	an_offer_becomes(EXT "foo;a=1,permessage-deflate ;Client_Max_Window_Bits\r\n",
		"permessage-deflate; client_max_window_bits");
	an_offer_becomes(EXT "permessage-deflate; server_max_window_bits=\"10\"\r\n" EXT
			     "permessage-deflate\r\n",
		"permessage-deflate; server_max_window_bits=10, permessage-deflate");
}

static void an_offer_that_cannot_be_read_is_refused(void **state)
{
	static const char *const bad[] = {"permessage-deflate; x", "permessage-deflate;", ", ",
		"permessage-deflate; server_max_window_bits",
		"permessage-deflate; server_max_window_bits=16",
		"permessage-deflate; server_max_window_bits=08",
		"permessage-deflate; client_no_context_takeover=1",
		"permessage-deflate; client_no_context_takeover; client_no_context_takeover",
		"permessage-deflate; client_max_window_bits; client_max_window_bits=9",
		"permessage-deflate; server_max_window_bits=\"9", "a b", "a=1"};
	char text[1024];

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		snprintf(text, sizeof(text), ASK("Sec-WebSocket-Key: " KEY "\r\n" EXT "%s\r\n"),
			bad[i]);
		assert_int_equal(ask(text), -EPROTO);
	}
}

/* An upstream that answers the offer so; it accepts our key, if nothing else is said. */
static int answer(const char *offered, const char *fields, struct websocket_handshake *h)
{
	char text[2048];
	struct http1_head request, response;
	const char *why = "";
	int r;

	snprintf(text, sizeof(text), ASK("Sec-WebSocket-Key: " KEY "\r\n%s"), offered);
	assert_int_equal(offer(h, text, &request), 0);
	snprintf(text, sizeof(text),
		"HTTP/1.1 101 Switching\r\nUpgrade: websocket\r\nConnection: upgrade\r\n"
		"%s%s%s%s\r\n",
		*fields == '!' ? "" : "Sec-WebSocket-Accept: ", *fields == '!' ? "" : h->wanted,
		*fields == '!' ? "" : "\r\n", *fields == '!' ? fields + 1 : fields);
	assert_int_equal(
		http1_parse_response((unsigned char *)text, strlen(text), &response, &why), 0);
	r = websocket_answer(h, &response, &why);
	assert_true(r == 0 || *why);
	if (r == 0)
		assert_string_equal(
			http1_field(&response, "Sec-WebSocket-Accept", NULL), h->accept);
	http1_head_done(&request);
	http1_head_done(&response);
	return r;
}

/* In front of fields: without the right Sec-WebSocket-Accept. */
#define WRONG "!"

static void an_answer_keeps_to_the_offer(void **state)
{
	struct websocket_handshake h;

	(void)state;
	assert_int_equal(answer("", "", &h), 0);
	assert_false(h.deflate);
	assert_int_equal(
		answer("", WRONG "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n", &h),
		-EPROTO);
	assert_int_equal(answer("", WRONG, &h), -EPROTO);
	assert_int_equal(answer("", EXT "permessage-deflate\r\n", &h), -EPROTO);
	assert_int_equal(answer(EXT "foo\r\n", EXT "foo\r\n", &h), -EPROTO);
	assert_int_equal(answer(EXT "permessage-deflate\r\n",
				 EXT "permessage-deflate; client_max_window_bits=9\r\n", &h),
		-EPROTO);
	assert_int_equal(answer(EXT "permessage-deflate; client_max_window_bits\r\n",
				 EXT "permessage-deflate; client_max_window_bits=9; "
				     "server_no_context_takeover\r\n",
				 &h),
		0);
	assert_true(h.deflate && h.upstream_forgets && !h.agent_forgets);
	assert_int_equal(answer(EXT "permessage-deflate; server_max_window_bits=10\r\n",
				 EXT "permessage-deflate\r\n", &h),
		-EPROTO);
	assert_int_equal(answer(EXT "permessage-deflate\r\n",
				 EXT "permessage-deflate, permessage-deflate\r\n", &h),
		-EPROTO);
}

#define PROTOCOL "Sec-WebSocket-Protocol: "

static void a_subprotocol_is_one_of_those_offered(void **state)
{
	struct websocket_handshake h;

	(void)state;
	assert_int_equal(answer(PROTOCOL "chat, mqtt\r\n", PROTOCOL "mqtt\r\n", &h), 0);
	assert_int_equal(answer(PROTOCOL "chat\r\n", "", &h), 0);
	assert_int_equal(answer(PROTOCOL "chat\r\n", PROTOCOL "cha\r\n", &h), -EPROTO);
	assert_int_equal(answer("", PROTOCOL "chat\r\n", &h), -EPROTO);
	assert_int_equal(answer(PROTOCOL "a\r\n" PROTOCOL "b\r\n", PROTOCOL "b\r\n", &h), 0);
	assert_int_equal(
		answer(PROTOCOL "a, b\r\n", PROTOCOL "a\r\n" PROTOCOL "b\r\n", &h), -EPROTO);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_handshake_is_taken_in_one_form_only),
		cmocka_unit_test(the_agents_key_goes_nowhere_and_is_answered),
		cmocka_unit_test(only_what_can_be_read_is_offered),
		cmocka_unit_test(an_offer_that_cannot_be_read_is_refused),
		cmocka_unit_test(an_answer_keeps_to_the_offer),
		cmocka_unit_test(a_subprotocol_is_one_of_those_offered),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
