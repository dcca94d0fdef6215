#include "egress/proxy.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define TEXT(s) ((char *)(s)) /* members of a policy are owned there, and here nobody's */

static struct component_boot boot;
static char *direct[] = {TEXT("near.example.com"), TEXT("*.lan.example.com"), NULL};
static struct policy_proxy policy = {.url = TEXT("http://proxy.example.com:3128"),
	.host = TEXT("proxy.example.com"),
	.port = 3128,
	.direct = direct};

/* A value that is no credential of anybody: made of pieces. */
static void hand_over(const char *user, const char *word)
{
	char value[64];
	struct err e;
	int n = snprintf(value, sizeof(value), "%s:%s\n", user, word);

	boot.n_secrets = 1;
	boot.secrets[0].name = strdup("PROXY");
	assert_int_equal(secret_set(&boot.secrets[0].value, value, (size_t)n, &e), 0);
	policy.slot = TEXT("PROXY");
}

static int take_back(void **state)
{
	(void)state;
	component_boot_done(&boot);
	policy.slot = NULL;
	return 0;
}

static struct proxy *made(void)
{
	struct proxy *p = NULL;
	struct err e;

	assert_int_equal(proxy_new(&policy, &boot, &p, &e), 0);
	return p;
}

static void a_tunnel_is_asked_for_by_name(void **state)
{
	struct proxy *p = made();
	struct buf out = {0};

	(void)state;
	assert_int_equal(proxy_ask(p, "api.example.com", 443, &out), 0);
	assert_int_equal(buf_add(&out, "", 1), 0);
	assert_string_equal((const char *)buf_data(&out),
		"CONNECT api.example.com:443 HTTP/1.1\r\nHost: api.example.com:443\r\n\r\n");
	buf_done(&out);
	proxy_free(p);
}

static void its_credential_is_told_to_it_alone(void **state)
{
	struct buf out = {0};
	struct proxy *p;

	(void)state;
	hand_over("us er", "wo:rd");
	p = made();
	assert_int_equal(proxy_ask(p, "a.com", 80, &out), 0);
	assert_int_equal(buf_add(&out, "", 1), 0);
	/* "us er:wo:rd", without the line's end. */
	assert_non_null(strstr((const char *)buf_data(&out),
		"\r\nProxy-Authorization: Basic dXMgZXI6d286cmQ=\r\n\r\n"));
	buf_done(&out);
	proxy_free(p);
}

static void a_credential_that_is_none_is_an_error(void **state)
{
	struct proxy *p = NULL;
	struct err e;

	(void)state;
	policy.slot = TEXT("OTHER");
	assert_int_equal(proxy_new(&policy, &boot, &p, &e), -EINVAL);
	assert_non_null(strstr(e.msg, "'OTHER' was not handed over"));
	hand_over("a\x01", "b");
	assert_int_equal(proxy_new(&policy, &boot, &p, &e), -EINVAL);
	assert_non_null(strstr(e.msg, "control character"));
}

static void what_is_direct_is_not_its_business(void **state)
{
	struct proxy *p = made();

	(void)state;
	assert_true(proxy_serves(p, "api.example.com"));
	assert_false(proxy_serves(p, "near.example.com"));
	assert_false(proxy_serves(p, "deep.in.lan.example.com"));
	assert_true(proxy_serves(p, "lan.example.com"));
	proxy_free(p);
}

static void an_address_is_not_resolved(void **state)
{
	struct policy_proxy own = {.url = TEXT("x"), .host = TEXT("10.1.2.3"), .port = 8080};
	struct proxy *p = NULL;
	struct err e;

	(void)state;
	assert_int_equal(proxy_new(&own, &boot, &p, &e), 0);
	assert_non_null(proxy_address(p));
	assert_string_equal(proxy_host(p), "");
	assert_string_equal(proxy_name(p), "10.1.2.3:8080");
	proxy_free(p);
	own.host = TEXT("fd00::1");
	assert_int_equal(proxy_new(&own, &boot, &p, &e), 0);
	assert_int_equal(proxy_address(p)->family, AF_INET6);
	assert_string_equal(proxy_name(p), "[fd00::1]:8080");
	proxy_free(p);
	own.host = TEXT("no host");
	assert_int_equal(proxy_new(&own, &boot, &p, &e), -EINVAL);
}

static struct refusal why;
static size_t left;

static int answered(const char *text)
{
	struct proxy *p = made();
	struct buf in = {0};
	size_t scanned = 0;
	int r;

	why = (struct refusal){.host = ""};
	assert_int_equal(buf_adds(&in, text), 0);
	r = proxy_take_answer(p, &in, &scanned, &why);
	left = in.len;
	buf_done(&in);
	proxy_free(p);
	return r;
}

static void what_stands_behind_a_good_answer_is_the_upstreams(void **state)
{
	(void)state;
	assert_int_equal(answered("HTTP/1.1 200 Connection established\r\n\r\n220 hello"), 1);
	assert_int_equal(left, 9);
	assert_int_equal(answered("HTTP/1.0 200 OK\r\nProxy-Agent: x\r\n\r\n"), 1);
	assert_int_equal(answered("HTTP/1.1 200 Conn"), 0);
}

static void a_refusal_is_told_without_the_proxys_own_words(void **state)
{
	(void)state;
	assert_int_equal(
		answered("HTTP/1.1 407 <b>Who?\r\nProxy-Authenticate: Basic\r\n\r\n"), -EACCES);
	assert_non_null(strstr(why.reason, "wants a credential"));
	assert_null(strstr(why.reason, "<b>"));
	assert_int_equal(why.status, 502);
	assert_int_equal(answered("HTTP/1.1 403 No\r\n\r\n"), -EACCES);
	assert_non_null(strstr(why.reason, "refuses to connect"));
	assert_int_equal(answered("HTTP/1.1 504 Late\r\n\r\n"), -EACCES);
	assert_int_equal(why.status, 504);
	assert_int_equal(answered("HTTP/1.1 100 Continue\r\n\r\n"), -EACCES);
	assert_int_equal(answered("220 smtp\r\n\r\n"), -EACCES);
	assert_int_equal(answered("HTTP/1.1 200 OK\n\n"), -EACCES);
}

static void a_credential_that_is_not_taken_is_named(void **state)
{
	(void)state;
	hand_over("user", "word");
	assert_int_equal(answered("HTTP/1.1 407 Who\r\n\r\n"), -EACCES);
	assert_non_null(strstr(why.reason, "does not take the credential"));
}

static void special_names_need_a_line_in_the_manifest(void **state)
{
	char *any[] = {TEXT("127.0.0.0/8"), NULL};
	const struct policy_route plain = {.host = TEXT("x")},
				  named = {.host = TEXT("x"), .addresses = any};

	(void)state;
	assert_int_equal(proxy_check_name(&plain, "localhost", &why), -EACCES);
	assert_int_equal(proxy_check_name(&plain, "a.localhost", &why), -EACCES);
	assert_int_equal(proxy_check_name(&plain, "metadata.google.internal", &why), -EACCES);
	assert_int_equal(proxy_check_name(&plain, "localhost.example.com", &why), 0);
	assert_int_equal(proxy_check_name(&named, "localhost", &why), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_tunnel_is_asked_for_by_name),
		cmocka_unit_test_teardown(its_credential_is_told_to_it_alone, take_back),
		cmocka_unit_test_teardown(a_credential_that_is_none_is_an_error, take_back),
		cmocka_unit_test(what_is_direct_is_not_its_business),
		cmocka_unit_test(an_address_is_not_resolved),
		cmocka_unit_test(what_stands_behind_a_good_answer_is_the_upstreams),
		cmocka_unit_test(a_refusal_is_told_without_the_proxys_own_words),
		cmocka_unit_test_teardown(a_credential_that_is_not_taken_is_named, take_back),
		cmocka_unit_test(special_names_need_a_line_in_the_manifest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
