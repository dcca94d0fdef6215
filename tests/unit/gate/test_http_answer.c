#include "gate/http_answer.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct http_wire wire = {.sock = -1};
static struct err err;

/* What was put, as text; the wire is empty afterwards. Caller frees. */
static char *taken(void)
{
	char *text = strndup(wire.out.len ? (const char *)buf_data(&wire.out) : "", wire.out.len);

	buf_done(&wire.out);
	assert_non_null(text);
	return text;
}

static int begin(struct http_manner *m, const char *head, struct http1_length *ret)
{
	return http_answer_begin(&wire, m, (const unsigned char *)head, strlen(head), ret, &err);
}

static void a_helpers_head_becomes_an_answers(void **state)
{
	struct http_manner m = {.chunks = true, .keep = true};
	struct http1_length length;
	char *text;

	(void)state;
	assert_int_equal(begin(&m,
				 "Status: 404 Not Found\r\nContent-Type: a/b\r\n"
				 "Expires: never\r\nX-Y: z\r\n\r\n",
				 &length),
		0);
	assert_int_equal(length.framing, HTTP1_CHUNKED);
	text = taken();
	assert_ptr_equal(strstr(text, "HTTP/1.1 404 Not Found\r\n"), text);
	assert_non_null(strstr(text, "\r\nContent-Type: a/b\r\n"));
	assert_non_null(strstr(text, "\r\nX-Y: z\r\n"));
	assert_non_null(strstr(text, "\r\nTransfer-Encoding: chunked\r\n\r\n"));
	assert_null(strstr(text, "Status:"));
	assert_null(strstr(text, "Expires:"));
	assert_null(strstr(text, "Connection:"));
	free(text);
}

static void a_known_length_is_told(void **state)
{
	struct http_manner m = {.chunks = true, .keep = true};
	struct http1_length length;
	char *text;

	(void)state;
	assert_int_equal(begin(&m, "Content-Type: a/b\r\nContent-Length: 12\r\n\r\n", &length), 0);
	assert_int_equal(length.framing, HTTP1_LENGTH);
	assert_int_equal(length.length, 12);
	text = taken();
	assert_non_null(strstr(text, "HTTP/1.1 200 OK\r\n"));
	assert_non_null(strstr(text, "\r\nContent-Length: 12\r\n"));
	assert_null(strstr(text, "Transfer-Encoding"));
	free(text);
}

static void who_knows_no_chunks_hears_the_end_by_the_connections(void **state)
{
	struct http_manner m = {.chunks = false, .keep = true};
	struct http1_length length;
	char *text;

	(void)state;
	assert_int_equal(begin(&m, "Content-Type: a/b\r\n\r\n", &length), 0);
	assert_int_equal(length.framing, HTTP1_UNTIL_CLOSE);
	assert_false(m.keep);
	text = taken();
	assert_non_null(strstr(text, "\r\nConnection: close\r\n"));
	free(text);
}

static void a_helpers_head_that_is_none_is_refused(void **state)
{
	static const char *const wrong[] = {"Status: hello\r\n\r\n", "Status: 99\r\n\r\n",
		"no colon\r\n\r\n", "A: b\r\n c\r\n\r\n", "Content-Length: x\r\n\r\n"};
	struct http_manner m = {.chunks = true};
	struct http1_length length;

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++)
		assert_int_equal(begin(&m, wrong[i], &length), -EPROTO);
	assert_int_equal(wire.out.len, 0);
}

static void a_sentence_is_text_and_the_answer_to_head_has_none(void **state)
{
	struct http_manner m = {.keep = true};
	char *text;

	(void)state;
	http_answer_text(&wire, &m, 405, "GET", "no");
	text = taken();
	assert_non_null(strstr(text, "HTTP/1.1 405 Method Not Allowed\r\n"));
	assert_non_null(strstr(text, "\r\nAllow: GET\r\n"));
	assert_non_null(strstr(text, "\r\nContent-Length: 3\r\n\r\nno\n"));
	free(text);
	m.head_only = true;
	http_answer_lfs(&wire, &m, 404, "\"quoted\"");
	text = taken();
	assert_non_null(strstr(text, "\r\nContent-Length: 24\r\n\r\n"));
	assert_null(strstr(text, "quoted"));
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_helpers_head_becomes_an_answers),
		cmocka_unit_test(a_known_length_is_told),
		cmocka_unit_test(who_knows_no_chunks_hears_the_end_by_the_connections),
		cmocka_unit_test(a_helpers_head_that_is_none_is_refused),
		cmocka_unit_test(a_sentence_is_text_and_the_answer_to_head_has_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
