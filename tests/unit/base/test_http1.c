#include "base/http1.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const char *why;

static long head_length(const char *text, size_t len)
{
	size_t scanned = 0;

	return http1_head_length((const unsigned char *)text, len, &scanned, &why);
}

static int request(const char *text, struct http1_head *h)
{
	long n = head_length(text, strlen(text));

	if (n < 0)
		return (int)n;
	assert_true(n > 0);
	return http1_parse_request((const unsigned char *)text, (size_t)n, h, &why);
}

static int framing(const char *fields, struct http1_length *ret)
{
	struct http1_head h;
	char text[512];
	int r;

	snprintf(text, sizeof(text), "POST /x HTTP/1.1\r\n%s\r\n", fields);
	r = request(text, &h);
	if (r == 0)
		r = http1_request_length(&h, ret, &why);
	http1_head_done(&h);
	return r;
}

static int answer(const char *text, const char *method, struct http1_length *ret)
{
	struct http1_head h;
	int r = http1_parse_response((const unsigned char *)text, strlen(text), &h, &why);

	if (r == 0)
		r = http1_response_length(&h, method, ret, &why);
	http1_head_done(&h);
	return r;
}

static void a_request_is_taken_apart(void **state)
{
	struct http1_head h;
	size_t n;

	(void)state;
	assert_int_equal(
		request("GET /a?b HTTP/1.1\r\nHost: x\r\nA:\t b \t\r\nA: c\r\nE:\r\n\r\n", &h), 0);
	assert_string_equal(h.method, "GET");
	assert_string_equal(h.target, "/a?b");
	assert_int_equal(h.minor, 1);
	assert_int_equal(h.n_fields, 4);
	assert_string_equal(http1_field(&h, "a", &n), "b");
	assert_int_equal(n, 2);
	assert_string_equal(http1_field(&h, "E", NULL), "");
	assert_null(http1_field(&h, "missing", NULL));
	http1_head_done(&h);
}

static void a_head_is_awaited_to_its_last_byte(void **state)
{
	static const char text[] = "GET / HTTP/1.1\r\nHost: x\r\n\r\nbody";
	size_t head = sizeof(text) - 1 - 4;

	(void)state;
	for (size_t i = 0; i < head; i++)
		assert_int_equal(head_length(text, i), 0);
	assert_int_equal(head_length(text, sizeof(text) - 1), head);
}

static void lines_end_with_cr_lf_only(void **state)
{
	(void)state;
	assert_int_equal(head_length("GET / HTTP/1.1\nHost: x\n\n", 24), -EINVAL);
	assert_int_equal(head_length("GET / HTTP/1.1\r\nA: b\rC: d\r\n\r\n", 30), -EINVAL);
	assert_int_equal(head_length("GET / HTTP/1.1\r\nA: b\0c\r\n\r\n", 27), -EINVAL);
	assert_int_equal(head_length("GET / HTTP/1.1\r\nA: \x1b[0m\r\n\r\n", 27), -EINVAL);
	assert_int_equal(head_length("\nGET / HTTP/1.1\r\n\r\n", 19), -EINVAL);
}

static void a_head_has_limits(void **state)
{
	static char text[HTTP1_HEAD_MAX + 64];
	struct http1_head h;
	size_t n;

	(void)state;
	memset(text, 'a', sizeof(text));
	memcpy(text, "GET / HTTP/1.1\r\nA: ", 19);
	assert_int_equal(head_length(text, sizeof(text)), -E2BIG);
	n = (size_t)(stpcpy(text, "GET / HTTP/1.1\r\n") - text);
	for (int i = 0; i <= HTTP1_FIELDS_MAX; i++)
		n = (size_t)(stpcpy(text + n, "A: b\r\n") - text);
	strcpy(text + n, "\r\n");
	assert_int_equal(request(text, &h), -E2BIG);
	http1_head_done(&h);
}

static void malformed_requests_are_refused(void **state)
{
	static const char *const wrong[] = {"GET /\r\n\r\n", "GET  / HTTP/1.1\r\n\r\n",
		"GET / x HTTP/1.1\r\n\r\n", " GET / HTTP/1.1\r\n\r\n", "G@T / HTTP/1.1\r\n\r\n",
		"GET /\xc3\xbc HTTP/1.1\r\n\r\n", "GET / HTTP/1.1 \r\n\r\n",
		"GET / http/1.1\r\n\r\n", "GET / HTTP/1.1\r\nA : b\r\n\r\n",
		"GET / HTTP/1.1\r\n: b\r\n\r\n", "GET / HTTP/1.1\r\nA\r\n\r\n",
		"GET / HTTP/1.1\r\nA: b\r\n c\r\n\r\n", "GET / HTTP/1.1\r\n A: b\r\n\r\n",
		"GET / HTTP/1.1\r\nA b: c\r\n\r\n", "\r\n"};

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		struct http1_head h = {0};

		assert_int_equal(request(wrong[i], &h), -EINVAL);
		http1_head_done(&h);
	}
}

static void other_versions_are_named_as_such(void **state)
{
	struct http1_head h;

	(void)state;
	assert_int_equal(request("PRI * HTTP/2.0\r\n\r\n", &h), -ENOTSUP);
	http1_head_done(&h);
	assert_int_equal(request("GET / HTTP/1.2\r\n\r\n", &h), -ENOTSUP);
	http1_head_done(&h);
}

static void a_request_has_one_length_or_none(void **state)
{
	static const char *const wrong[] = {"Content-Length: 1\r\nContent-Length: 1\r\n",
		"Content-Length: 1\r\nTransfer-Encoding: chunked\r\n", "Content-Length: +1\r\n",
		"Content-Length: -1\r\n", "Content-Length: 1,1\r\n", "Content-Length: 0x1\r\n",
		"Content-Length: \r\n", "Content-Length: 1 1\r\n",
		"Content-Length: 99999999999999999999\r\n", "Transfer-Encoding: xchunked\r\n",
		"Transfer-Encoding: identity\r\n", "Transfer-Encoding: gzip, chunked\r\n",
		"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
		"Transfer-Encoding: chunked;x\r\n", "Transfer-Encoding:\r\n"};
	struct http1_length l;

	(void)state;
	assert_int_equal(framing("", &l), 0);
	assert_int_equal(l.framing, HTTP1_NO_BODY);
	assert_int_equal(framing("content-LENGTH: 12\r\n", &l), 0);
	assert_int_equal(l.framing, HTTP1_LENGTH);
	assert_int_equal(l.length, 12);
	assert_int_equal(framing("Transfer-Encoding: Chunked\r\n", &l), 0);
	assert_int_equal(l.framing, HTTP1_CHUNKED);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++)
		assert_int_equal(framing(wrong[i], &l), -EINVAL);
}

static void the_length_of_an_answer_depends_on_status_and_method(void **state)
{
	struct http1_length l;

	(void)state;
	assert_int_equal(answer("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", "GET", &l), 0);
	assert_int_equal(l.framing, HTTP1_LENGTH);
	assert_int_equal(answer("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", "HEAD", &l), 0);
	assert_int_equal(l.framing, HTTP1_NO_BODY);
	assert_true(l.announced);
	assert_int_equal(answer("HTTP/1.1 304 x\r\nContent-Length: 5\r\n\r\n", "GET", &l), 0);
	assert_int_equal(l.framing, HTTP1_NO_BODY);
	assert_int_equal(answer("HTTP/1.0 200\r\n\r\n", "GET", &l), 0);
	assert_int_equal(l.framing, HTTP1_UNTIL_CLOSE);
	assert_int_equal(answer("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n"
				"Content-Length: 3\r\n\r\n",
				 "GET", &l),
		-EINVAL);
	assert_int_equal(answer("HTTP/1.1 99 x\r\n\r\n", "GET", &l), -EINVAL);
	assert_int_equal(answer("HTTP/1.1 2000 x\r\n\r\n", "GET", &l), -EINVAL);
	assert_int_equal(answer("HTTP/1.1 700 x\r\n\r\n", "GET", &l), -EINVAL);
}

static void keeping_alive_follows_version_and_connection(void **state)
{
	struct http1_head h;

	(void)state;
	assert_int_equal(request("GET / HTTP/1.1\r\n\r\n", &h), 0);
	assert_true(http1_keeps_alive(&h));
	http1_head_done(&h);
	assert_int_equal(request("GET / HTTP/1.1\r\nConnection: x, Close\r\n\r\n", &h), 0);
	assert_false(http1_keeps_alive(&h));
	http1_head_done(&h);
	assert_int_equal(request("GET / HTTP/1.0\r\n\r\n", &h), 0);
	assert_false(http1_keeps_alive(&h));
	http1_head_done(&h);
	assert_int_equal(request("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", &h), 0);
	assert_true(http1_keeps_alive(&h));
	http1_head_done(&h);
}

static void fields_of_one_connection_end_here(void **state)
{
	struct http1_head h;

	(void)state;
	assert_int_equal(request("GET / HTTP/1.1\r\nConnection: a, X-Hop ,b\r\n\r\n", &h), 0);
	assert_true(http1_is_hop(&h, "x-hop"));
	assert_true(http1_is_hop(&h, "upgrade"));
	assert_true(http1_is_hop(&h, "TE"));
	assert_false(http1_is_hop(&h, "X-Ho"));
	assert_false(http1_is_hop(&h, "Accept"));
	http1_head_done(&h);
}

static struct http1_text text_of(const char *s)
{
	return (struct http1_text){.p = s, .len = strlen(s)};
}

static int add(struct http1_head *h, const char *name, const char *value)
{
	const struct http1_text n = text_of(name), v = text_of(value);

	return http1_head_add(h, &n, &v);
}

static void a_head_can_be_made_piece_by_piece(void **state)
{
	struct http1_head h = {.is_request = true};
	const struct http1_text method = text_of("PUT"), target = text_of("/a?b");
	char name[32];

	(void)state;
	assert_int_equal(http1_head_keep(&h, &h.method, &method), 0);
	assert_int_equal(http1_head_keep(&h, &h.target, &target), 0);
	for (int i = 0; i < HTTP1_FIELDS_MAX; i++) {
		snprintf(name, sizeof(name), "X-%d", i);
		assert_int_equal(add(&h, name, "a value of some length, so that it moves"), 0);
	}
	assert_int_equal(add(&h, "X", "y"), -E2BIG);
	assert_string_equal(h.method, "PUT");
	assert_string_equal(h.target, "/a?b");
	assert_string_equal(h.fields[0].name, "X-0");
	assert_string_equal(
		http1_field(&h, "X-127", NULL), "a value of some length, so that it moves");
	http1_head_done(&h);
}

static void a_head_that_is_made_has_the_limits_of_one_that_is_read(void **state)
{
	static char value[HTTP1_HEAD_MAX + 1];
	struct http1_head h = {0};

	(void)state;
	memset(value, 'v', sizeof(value) - 1);
	assert_int_equal(add(&h, "X", value), -E2BIG);
	value[HTTP1_HEAD_MAX - 3] = '\0';
	assert_int_equal(add(&h, "X", value), 0);
	assert_int_equal(add(&h, "Y", ""), -E2BIG);
	http1_head_done(&h);
}

static void a_parsed_head_takes_more_fields(void **state)
{
	struct http1_head h;

	(void)state;
	assert_int_equal(request("GET /x HTTP/1.1\r\nA: b\r\n\r\n", &h), 0);
	assert_int_equal(add(&h, "C", "d"), 0);
	assert_string_equal(h.method, "GET");
	assert_string_equal(h.target, "/x");
	assert_string_equal(http1_field(&h, "A", NULL), "b");
	assert_string_equal(http1_field(&h, "C", NULL), "d");
	http1_head_done(&h);
}

static int trailers(const char *text, struct http1_head *h)
{
	return http1_parse_trailers((const unsigned char *)text, strlen(text), h, &why);
}

static void trailers_are_read_as_strictly_as_heads(void **state)
{
	struct http1_head h;

	(void)state;
	assert_int_equal(trailers("Grpc-Status: 0\r\nX-Sum: a b \r\n\r\n", &h), 0);
	assert_int_equal(h.n_fields, 2);
	assert_string_equal(http1_field(&h, "x-sum", NULL), "a b");
	http1_head_done(&h);
	assert_int_equal(trailers("\r\n", &h), 0);
	assert_int_equal(h.n_fields, 0);
	http1_head_done(&h);
	assert_int_equal(trailers("X y: z\r\n\r\n", &h), -EINVAL);
	http1_head_done(&h);
	assert_int_equal(trailers("X: y\r\n z\r\n\r\n", &h), -EINVAL);
	http1_head_done(&h);
}

static void what_decides_about_a_message_does_not_stand_behind_it(void **state)
{
	(void)state;
	assert_false(http1_may_trail("authorization"));
	assert_false(http1_may_trail("Content-Length"));
	assert_false(http1_may_trail("TRANSFER-ENCODING"));
	assert_false(http1_may_trail("Host"));
	assert_false(http1_may_trail("Set-Cookie"));
	assert_true(http1_may_trail("Grpc-Status"));
	assert_true(http1_may_trail("Content-MD5"));
	assert_true(http1_may_trail("ETag"));
}

static void all_fields_of_a_name_can_be_taken_out(void **state)
{
	struct http1_head h;

	(void)state;
	assert_int_equal(
		request("GET / HTTP/1.1\r\nX: 1\r\nHost: a\r\nx: 2\r\nY: 3\r\n\r\n", &h), 0);
	http1_drop_field(&h, "X");
	assert_int_equal(h.n_fields, 2);
	assert_string_equal(http1_field(&h, "Host", NULL), "a");
	assert_string_equal(http1_field(&h, "Y", NULL), "3");
	http1_drop_field(&h, "Z");
	assert_int_equal(h.n_fields, 2);
	http1_head_done(&h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_request_is_taken_apart),
		cmocka_unit_test(a_head_is_awaited_to_its_last_byte),
		cmocka_unit_test(lines_end_with_cr_lf_only),
		cmocka_unit_test(a_head_has_limits),
		cmocka_unit_test(malformed_requests_are_refused),
		cmocka_unit_test(other_versions_are_named_as_such),
		cmocka_unit_test(a_request_has_one_length_or_none),
		cmocka_unit_test(the_length_of_an_answer_depends_on_status_and_method),
		cmocka_unit_test(keeping_alive_follows_version_and_connection),
		cmocka_unit_test(fields_of_one_connection_end_here),
		cmocka_unit_test(a_head_can_be_made_piece_by_piece),
		cmocka_unit_test(a_head_that_is_made_has_the_limits_of_one_that_is_read),
		cmocka_unit_test(a_parsed_head_takes_more_fields),
		cmocka_unit_test(trailers_are_read_as_strictly_as_heads),
		cmocka_unit_test(what_decides_about_a_message_does_not_stand_behind_it),
		cmocka_unit_test(all_fields_of_a_name_can_be_taken_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
