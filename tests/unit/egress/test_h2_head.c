#include "egress/h2_head.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const struct h2_head_form plain = {.ended = true};

static struct http1_text text_of(const char *s)
{
	return (struct http1_text){.p = s, .len = strlen(s)};
}

/* Fields as "name", "value", … up to NULL. */
static bool feed(struct h2_head *h, const char *const *fields)
{
	bool fine = true;

	for (; *fields; fields += 2) {
		const struct http1_text name = text_of(fields[0]), value = text_of(fields[1]);

		fine = h2_head_field(h, &name, &value);
	}
	return fine;
}

static int request_in(
	const struct h2_head_form *form, const char *const *fields, struct http1_head *ret)
{
	struct h2_head h;
	const char *what;

	h2_head_begin(&h, H2_REQUEST);
	feed(&h, fields);
	return h2_head_request(&h, form, ret, &what);
}

#define REQUEST(form, ret, ...) request_in((form), (const char *[]){__VA_ARGS__, NULL}, (ret))
#define GET			":method", "GET", ":scheme", "http", ":authority", "a.test", ":path", "/x?y=1"

static void refused(const char *const *fields)
{
	struct http1_head head;

	assert_int_equal(request_in(&plain, fields, &head), -EINVAL);
	http1_head_done(&head);
}

#define REFUSED(...) refused((const char *[]){__VA_ARGS__, NULL})

static void a_request_has_the_form_of_http1(void **state)
{
	struct http1_head head;

	(void)state;
	assert_int_equal(REQUEST(&plain, &head, GET, "user-agent", "t", "x-a", ""), 0);
	assert_true(head.is_request);
	assert_string_equal(head.method, "GET");
	assert_string_equal(head.target, "/x?y=1");
	assert_int_equal(head.minor, 1);
	assert_string_equal(http1_field(&head, "Host", NULL), "a.test");
	assert_string_equal(http1_field(&head, "User-Agent", NULL), "t");
	assert_string_equal(http1_field(&head, "X-A", NULL), "");
	assert_null(http1_field(&head, "Transfer-Encoding", NULL));
	http1_head_done(&head);
}

static void a_body_without_a_length_comes_in_chunks(void **state)
{
	const struct h2_head_form form = {.ended = false};
	struct http1_head head;
	struct http1_length length;
	const char *what;

	(void)state;
	assert_int_equal(REQUEST(&form, &head, GET), 0);
	assert_int_equal(http1_request_length(&head, &length, &what), 0);
	assert_int_equal(length.framing, HTTP1_CHUNKED);
	http1_head_done(&head);
	assert_int_equal(REQUEST(&form, &head, GET, "content-length", "7"), 0);
	assert_int_equal(http1_request_length(&head, &length, &what), 0);
	assert_int_equal(length.framing, HTTP1_LENGTH);
	assert_int_equal(length.length, 7);
	http1_head_done(&head);
}

static void a_proxy_gets_a_url(void **state)
{
	const struct h2_head_form form = {.absolute = true, .ended = true};
	struct http1_head head;

	(void)state;
	assert_int_equal(REQUEST(&form, &head, GET), 0);
	assert_string_equal(head.target, "http://a.test/x?y=1");
	http1_head_done(&head);
}

static void host_and_authority_say_the_same(void **state)
{
	struct http1_head head;
	size_t n;

	(void)state;
	assert_int_equal(REQUEST(&plain, &head, GET, "host", "A.test"), 0);
	assert_string_equal(http1_field(&head, "Host", &n), "a.test");
	assert_int_equal(n, 1);
	http1_head_done(&head);
	REFUSED(GET, "host", "b.test");
	REFUSED(GET, "host", "a.test:80");
	/* RFC 9113 section 8.3.1: Host alone is as good. */
	assert_int_equal(REQUEST(&plain, &head, ":method", "GET", ":scheme", "http", ":path", "/",
				 "host", "c.test"),
		0);
	assert_string_equal(http1_field(&head, "Host", &n), "c.test");
	assert_int_equal(n, 1);
	http1_head_done(&head);
}

static void crumbs_of_a_cookie_are_joined(void **state)
{
	struct http1_head head;
	size_t n;

	(void)state;
	assert_int_equal(
		REQUEST(&plain, &head, GET, "cookie", "a=1", "x", "y", "cookie", "b=2"), 0);
	assert_string_equal(http1_field(&head, "Cookie", &n), "a=1; b=2");
	assert_int_equal(n, 1);
	http1_head_done(&head);
}

static void pseudo_headers_stand_once_and_in_front(void **state)
{
	(void)state;
	REFUSED(GET, ":path", "/again");
	REFUSED(GET, "x", "y", ":authority", "b.test");
	REFUSED(GET, ":status", "200");
	REFUSED(GET, ":unknown", "x");
	REFUSED(":method", "GET", ":scheme", "http", ":authority", "a.test");
	REFUSED(":scheme", "http", ":authority", "a.test", ":path", "/");
	REFUSED(":method", "GET", ":authority", "a.test", ":path", "/");
	REFUSED(":method", "GET", ":scheme", "https", ":authority", "a.test", ":path", "/");
	REFUSED(":method", "GET", ":scheme", "ftp", ":authority", "a.test", ":path", "/");
	REFUSED(GET, ":protocol", "websocket");
}

static void names_and_values_are_what_http1_could_say(void **state)
{
	(void)state;
	REFUSED(GET, "X-Upper", "y");
	REFUSED(GET, "", "y");
	REFUSED(GET, "a b", "y");
	REFUSED(GET, "a:b", "y");
	REFUSED(GET, "x", "a\r\nb: c");
	REFUSED(GET, "x", "a\nb");
	REFUSED(GET, "x", "a\x7f");
	REFUSED(GET, "x", " y");
	REFUSED(GET, "x", "y\t");
}

static void a_nul_is_no_part_of_a_value(void **state)
{
	const struct http1_text name = {.p = "x", .len = 1}, value = {.p = "a\0b", .len = 3};
	struct http1_head head;
	const char *what;
	struct h2_head h;

	(void)state;
	h2_head_begin(&h, H2_REQUEST);
	feed(&h, (const char *[]){GET, NULL});
	assert_true(h2_head_field(&h, &name, &value));
	assert_int_equal(h2_head_request(&h, &plain, &head, &what), -EINVAL);
	http1_head_done(&head);
}

static void fields_of_a_connection_have_no_place(void **state)
{
	struct http1_head head;

	(void)state;
	REFUSED(GET, "connection", "close");
	REFUSED(GET, "transfer-encoding", "chunked");
	REFUSED(GET, "upgrade", "h2c");
	REFUSED(GET, "keep-alive", "1");
	REFUSED(GET, "proxy-connection", "x");
	REFUSED(GET, "te", "gzip");
	assert_int_equal(REQUEST(&plain, &head, GET, "te", "trailers"), 0);
	http1_head_done(&head);
}

static void paths_methods_and_authorities_are_printable(void **state)
{
	(void)state;
#define WITH(m, a, p) ":method", m, ":scheme", "http", ":authority", a, ":path", p
	REFUSED(WITH("GET", "a.test", "/a b"));
	REFUSED(WITH("GET", "a.test", "/a\r\nX: y"));
	REFUSED(WITH("GET", "a.test", ""));
	REFUSED(WITH("GET", "a.test", "http://b.test/"));
	REFUSED(WITH("GET", "a.test", "*"));
	REFUSED(WITH("GET", "a.test", "/\xc3\xa9"));
	REFUSED(WITH("G T", "a.test", "/"));
	REFUSED(WITH("", "a.test", "/"));
	REFUSED(WITH("GET", "a.test\r\nX: y", "/"));
	REFUSED(WITH("GET", "", "/"));
}

static void a_tunnel_within_http2_is_told_from_a_mistake(void **state)
{
	struct http1_head head;

	(void)state;
	assert_int_equal(
		REQUEST(&plain, &head, ":method", "CONNECT", ":authority", "a.test:443"), -ENOTSUP);
	http1_head_done(&head);
}

static void a_websocket_becomes_an_upgrade(void **state)
{
	const struct h2_head_form form = {.ended = false};
	struct http1_head head;

	(void)state;
	assert_int_equal(REQUEST(&form, &head, ":method", "CONNECT", ":protocol", "websocket",
				 ":scheme", "http", ":authority", "a.test", ":path", "/s",
				 "sec-websocket-version", "13"),
		0);
	assert_string_equal(head.method, "GET");
	assert_string_equal(head.target, "/s");
	assert_string_equal(http1_field(&head, "Upgrade", NULL), "websocket");
	assert_true(http1_lists(&head, "Connection", "upgrade"));
	assert_null(http1_field(&head, "Transfer-Encoding", NULL));
	http1_head_done(&head);
	REFUSED(":method", "CONNECT", ":protocol", "ip", ":scheme", "http", ":authority", "a.test",
		":path", "/");
}

static void a_head_has_the_limits_of_http1(void **state)
{
	static char long_value[HTTP1_HEAD_MAX];
	struct http1_head head;
	const char *what;
	struct h2_head h;

	(void)state;
	memset(long_value, 'v', sizeof(long_value) - 1);
	assert_int_equal(REQUEST(&plain, &head, GET, "x", long_value), -E2BIG);
	http1_head_done(&head);
	assert_int_equal(
		REQUEST(&plain, &head, GET, "cookie", long_value, "cookie", long_value), -E2BIG);
	http1_head_done(&head);
	h2_head_begin(&h, H2_REQUEST);
	feed(&h, (const char *[]){GET, NULL});
	for (int i = 0; i < HTTP1_FIELDS_MAX; i++)
		assert_true(feed(&h, (const char *[]){"x", "y", NULL}));
	assert_int_equal(h2_head_request(&h, &plain, &head, &what), -E2BIG);
	http1_head_done(&head);
}

static void a_bomb_is_told_from_a_long_head(void **state)
{
	static char value[4000];
	struct http1_head head;
	const char *what;
	struct h2_head h;
	int n = 0;

	(void)state;
	memset(value, 'v', sizeof(value) - 1);
	h2_head_begin(&h, H2_REQUEST);
	while (feed(&h, (const char *[]){"x", value, NULL}))
		assert_true(++n < 1000);
	assert_true(h.head.size <= HTTP1_HEAD_MAX);
	assert_true(h2_head_request(&h, &plain, &head, &what) < 0);
	http1_head_done(&head);
}

static int response(const char *status, struct http1_head *head)
{
	struct h2_head h;
	const char *what;

	h2_head_begin(&h, H2_RESPONSE);
	if (status)
		feed(&h, (const char *[]){":status", status, NULL});
	feed(&h, (const char *[]){"set-cookie", "a", "set-cookie", "b", NULL});
	return h2_head_response(&h, head, &what);
}

static void a_response_has_one_status_of_three_digits(void **state)
{
	static const char *const wrong[] = {
		NULL, "", "20", "2000", "2x0", "099", "600", "101", " 200", "+20"};
	struct http1_head head;
	size_t n;

	(void)state;
	assert_int_equal(response("204", &head), 0);
	assert_int_equal(head.status, 204);
	assert_string_equal(head.reason, "");
	http1_field(&head, "Set-Cookie", &n);
	assert_int_equal(n, 2);
	http1_head_done(&head);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		assert_int_equal(response(wrong[i], &head), -EINVAL);
		http1_head_done(&head);
	}
}

static void trailers_have_no_pseudo_headers(void **state)
{
	struct http1_head head;
	const char *what;
	struct h2_head h;

	(void)state;
	h2_head_begin(&h, H2_TRAILERS);
	feed(&h, (const char *[]){"grpc-status", "0", NULL});
	assert_int_equal(h2_head_trailers(&h, &head, &what), 0);
	assert_string_equal(http1_field(&head, "Grpc-Status", NULL), "0");
	http1_head_done(&head);
	h2_head_begin(&h, H2_TRAILERS);
	feed(&h, (const char *[]){":path", "/", NULL});
	assert_int_equal(h2_head_trailers(&h, &head, &what), -EINVAL);
	http1_head_done(&head);
}

static void a_secret_is_kept_out_of_the_table(void **state)
{
	struct h2_list l = {.n = 0};

	(void)state;
	h2_list_add_status(&l, 200);
	h2_list_add_length(&l, UINT64_MAX);
	h2_list_add(&l, "authorization", "x", true);
	assert_int_equal(l.n, 3);
	assert_memory_equal(l.nv[0].value, "200", 3);
	assert_memory_equal(l.nv[1].value, "18446744073709551615", 20);
	assert_int_equal(l.nv[1].flags, NGHTTP2_NV_FLAG_NONE);
	assert_int_equal(l.nv[2].flags, NGHTTP2_NV_FLAG_NO_INDEX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_request_has_the_form_of_http1),
		cmocka_unit_test(a_body_without_a_length_comes_in_chunks),
		cmocka_unit_test(a_proxy_gets_a_url),
		cmocka_unit_test(host_and_authority_say_the_same),
		cmocka_unit_test(crumbs_of_a_cookie_are_joined),
		cmocka_unit_test(pseudo_headers_stand_once_and_in_front),
		cmocka_unit_test(names_and_values_are_what_http1_could_say),
		cmocka_unit_test(a_nul_is_no_part_of_a_value),
		cmocka_unit_test(fields_of_a_connection_have_no_place),
		cmocka_unit_test(paths_methods_and_authorities_are_printable),
		cmocka_unit_test(a_tunnel_within_http2_is_told_from_a_mistake),
		cmocka_unit_test(a_websocket_becomes_an_upgrade),
		cmocka_unit_test(a_head_has_the_limits_of_http1),
		cmocka_unit_test(a_bomb_is_told_from_a_long_head),
		cmocka_unit_test(a_response_has_one_status_of_three_digits),
		cmocka_unit_test(trailers_have_no_pseudo_headers),
		cmocka_unit_test(a_secret_is_kept_out_of_the_table),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
