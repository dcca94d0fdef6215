#include "egress/fetch.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/ptr.h"

static void leads_to(const char *url, const char *host, uint16_t port, const char *path)
{
	struct fetch_url to;
	struct err e = {0};

	if (fetch_url_parse(url, &to, &e) < 0)
		fail_msg("%s", e.msg);
	assert_string_equal(to.host, host);
	assert_int_equal(to.port, port);
	assert_string_equal(to.path, path);
}

static void a_url_is_taken_apart(void **state)
{
	(void)state;
	leads_to("https://auth.example.com/token", "auth.example.com", 443, "/token");
	leads_to("https://Auth.Example.com:8443/a/b?c=d", "auth.example.com", 8443, "/a/b?c=d");
	leads_to("https://auth.example.com", "auth.example.com", 443, "/");
}

static void what_is_no_url_of_ours_is_refused(void **state)
{
	static const char *const bad[] = {"", "http://auth.example.com/token",
		"auth.example.com/token", "https://", "https:///token", "https://a b/token",
		"https://user@auth.example.com/token", "https://auth.example.com:0/token",
		"https://auth.example.com:99999/token", "https://10.0.0.1/token",
		"https://[::1]/token", "https://auth.example.com/to ken",
		"https://auth.example.com/\r\nX: y", "https://auth.example.com/token#x",
		"https://auth.example.com?x", "https://auth.example.com/t\xc3\xb6ken"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct fetch_url to;
		struct err e = {0};

		if (fetch_url_parse(bad[i], &to, &e) == 0)
			fail_msg("taken: '%s'", bad[i]);
		assert_true(e.msg[0] != '\0');
	}
}

static void a_path_is_bounded(void **state)
{
	char url[2000] = "https://auth.example.com/";
	struct fetch_url to;
	struct err e = {0};

	(void)state;
	memset(url + strlen(url), 'x', 1022);
	assert_int_equal(fetch_url_parse(url, &to, &e), 0);
	url[strlen(url)] = 'x';
	assert_int_equal(fetch_url_parse(url, &to, &e), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_url_is_taken_apart),
		cmocka_unit_test(what_is_no_url_of_ours_is_refused),
		cmocka_unit_test(a_path_is_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
