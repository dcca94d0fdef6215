#include "egress/hello.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/ssl.h>

/* A real hello, as OpenSSL makes it. */
static size_t make_hello(const char *name, unsigned char *ret, size_t size)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
	SSL *ssl = SSL_new(ctx);
	BIO *in = BIO_new(BIO_s_mem()), *out = BIO_new(BIO_s_mem());
	int n;

	SSL_set_bio(ssl, in, out);
	SSL_set_connect_state(ssl);
	if (name)
		assert_int_equal(SSL_set_tlsext_host_name(ssl, name), 1);
	assert_int_equal(SSL_do_handshake(ssl), -1);
	n = BIO_read(out, ret, (int)size);
	assert_true(n > 100);
	SSL_free(ssl);
	SSL_CTX_free(ctx);
	return (size_t)n;
}

static int parse(const unsigned char *p, size_t len, struct hello *h)
{
	const char *why = NULL;
	int r = hello_parse(p, len, h, &why);

	assert_non_null(why);
	return r;
}

static void the_server_name_is_found(void **state)
{
	unsigned char p[4096];
	struct hello h;
	size_t n = make_hello("API.example.com", p, sizeof(p));

	(void)state;
	assert_int_equal(parse(p, n, &h), 1);
	assert_string_equal(h.host, "api.example.com");
	assert_false(h.ech);
}

static void a_hello_without_a_name_has_none(void **state)
{
	unsigned char p[4096];
	struct hello h;
	size_t n = make_hello(NULL, p, sizeof(p));

	(void)state;
	assert_int_equal(parse(p, n, &h), 1);
	assert_string_equal(h.host, "");
}

static void every_part_of_a_hello_asks_for_more(void **state)
{
	unsigned char p[4096];
	struct hello h;
	size_t n = make_hello("api.example.com", p, sizeof(p));

	(void)state;
	for (size_t i = 0; i < n; i++)
		assert_int_equal(parse(p, i, &h), 0);
}

/* Puts the handshake message into records of `piece` bytes. */
static size_t split(const unsigned char *p, size_t n, size_t piece, unsigned char *ret)
{
	size_t at = 5, len = 0;

	while (at < n) {
		size_t k = n - at < piece ? n - at : piece;
		unsigned char head[5] = {22, 3, 1, (unsigned char)(k >> 8), (unsigned char)k};

		memcpy(ret + len, head, 5);
		memcpy(ret + len + 5, p + at, k);
		len += 5 + k;
		at += k;
	}
	return len;
}

static void a_hello_may_span_records(void **state)
{
	unsigned char p[4096], q[32768];
	size_t n = make_hello("api.example.com", p, sizeof(p));

	(void)state;
	for (size_t piece = 1; piece < 300; piece += 7) {
		struct hello h;
		size_t m = split(p, n, piece, q);

		assert_int_equal(parse(q, m, &h), 1);
		assert_string_equal(h.host, "api.example.com");
		assert_int_equal(parse(q, m - 1, &h), 0);
	}
}

static void an_address_or_an_odd_name_is_refused(void **state)
{
	static const char *const names[] = {"127.0.0.1", "a_b.example", "user@example.com",
		"example.com.", "a..b", "ex ample.com"};
	unsigned char p[4096];

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		struct hello h;
		size_t n = make_hello(names[i], p, sizeof(p));

		assert_true(parse(p, n, &h) < 0);
	}
}

static void a_nul_in_the_name_is_refused(void **state)
{
	unsigned char p[4096], *name;
	struct hello h;
	size_t n = make_hello("allowed.com-evil.com", p, sizeof(p));

	(void)state;
	name = memmem(p, n, "allowed.com-", 12);
	assert_non_null(name);
	name[11] = '\0';
	assert_true(parse(p, n, &h) < 0);
}

static void other_bytes_are_refused_at_once(void **state)
{
	static const unsigned char ssh[] = "SSH-2.0-x\r\n", alert[] = {21, 3, 3, 0, 2, 2, 40},
				   server[] = {22, 3, 3, 0, 5, 2, 0, 0, 1, 0},
				   empty[] = {22, 3, 3, 0, 0}, old[] = {22, 2, 0, 0, 5};
	struct hello h;

	(void)state;
	assert_true(parse(ssh, 1, &h) < 0);
	assert_true(parse(alert, sizeof(alert), &h) < 0);
	assert_true(parse(server, sizeof(server), &h) < 0);
	assert_true(parse(empty, sizeof(empty), &h) < 0);
	assert_true(parse(old, sizeof(old), &h) < 0);
}

static void a_hello_without_end_is_refused(void **state)
{
	static unsigned char p[3 * 16389];
	struct hello h;

	(void)state;
	for (size_t i = 0; i < 3; i++)
		memcpy(p + i * 16389, "\x16\x03\x01\x40\x00", 5);
	memcpy(p + 5, "\x01\x00\xff\xff", 4);
	assert_true(parse(p, sizeof(p), &h) < 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_server_name_is_found),
		cmocka_unit_test(a_hello_without_a_name_has_none),
		cmocka_unit_test(every_part_of_a_hello_asks_for_more),
		cmocka_unit_test(a_hello_may_span_records),
		cmocka_unit_test(an_address_or_an_odd_name_is_refused),
		cmocka_unit_test(a_nul_in_the_name_is_refused),
		cmocka_unit_test(other_bytes_are_refused_at_once),
		cmocka_unit_test(a_hello_without_end_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
