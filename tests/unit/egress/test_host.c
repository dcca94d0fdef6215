#include "egress/host.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static const char *parse(const char *text, size_t len)
{
	static char host[HOST_MAX];
	const char *why = NULL;

	if (host_parse(text, len, host, &why) == 0)
		return host;
	assert_non_null(why);
	return NULL;
}

#define same(text, want) assert_string_equal(parse(text, strlen(text)), want)
#define bad(text)	 assert_null(parse(text, sizeof(text) - 1))

static void a_name_is_lowered_and_loses_one_trailing_dot(void **state)
{
	(void)state;
	same("API.Example.COM", "api.example.com");
	same("api.example.com.", "api.example.com");
	same("xn--bcher-kva.example", "xn--bcher-kva.example");
	same("localhost", "localhost");
	same("3com.com", "3com.com");
	same("_egress.local", "_egress.local");
}

static void names_that_somebody_could_read_otherwise_are_refused(void **state)
{
	(void)state;
	bad("");
	bad(".");
	bad("a..b");
	bad(".a.b");
	bad("a.b..");
	bad("allowed.com\0.evil.com");
	bad("user@allowed.com");
	bad("allowed.com%2eevil.com");
	bad("allowed.com evil.com");
	bad("allowed.com\tevil.com");
	bad("allowed.com\r\n");
	bad("under_score.com");
	bad("-a.com");
	bad("a-.com");
	bad("b\xc3\xbc"
	    "cher.example");
	bad("a\xef\xbc\x8e"
	    "b.com");
	bad("a/b.com");
	bad("*.example.com");
	bad("x._egress.local");
}

static void addresses_in_any_notation_are_no_names(void **state)
{
	(void)state;
	bad("127.0.0.1");
	bad("127.1");
	bad("2130706433");
	bad("0x7f000001");
	bad("0X7F.0.0.1");
	bad("0177.0.0.1");
	bad("example.0x7f");
	bad("example.com.1");
	bad("[::1]");
	bad("::1");
	bad("fe80::1%eth0");
	bad("0x");
}

static void lengths_are_bounded(void **state)
{
	char text[300];

	(void)state;
	memset(text, 'a', sizeof(text));
	assert_non_null(parse(text, 63));
	assert_null(parse(text, 64));
	for (size_t i = 50; i < sizeof(text); i += 50)
		text[i] = '.';
	assert_non_null(parse(text, 253));
	assert_null(parse(text, 254));
}

static int authority(const char *text, char *host, uint16_t *port)
{
	const char *why = NULL;

	return host_parse_authority(text, strlen(text), host, port, &why);
}

static void a_port_is_a_plain_number_behind_one_colon(void **state)
{
	static const char *const wrong[] = {"a.com:", "a.com:0", "a.com:080", "a.com:65536",
		"a.com:+80", "a.com:-1", "a.com:80 ", "a.com:80:80", "a.com:http", ":80",
		"[::1]:80", "a.com:99999999999"};
	char host[HOST_MAX];
	uint16_t port;

	(void)state;
	assert_int_equal(authority("A.com:8443", host, &port), 0);
	assert_string_equal(host, "a.com");
	assert_int_equal(port, 8443);
	assert_int_equal(authority("a.com.:65535", host, &port), 0);
	assert_int_equal(port, 65535);
	assert_int_equal(authority("a.com", host, &port), 0);
	assert_int_equal(port, 0);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++)
		assert_true(authority(wrong[i], host, &port) < 0);
}

static void a_pattern_stands_for_any_depth_below_and_not_for_itself(void **state)
{
	(void)state;
	assert_int_equal(host_fit("*.a.com", "a.com"), 0);
	assert_int_equal(host_fit("*.a.com", "evila.com"), 0);
	assert_int_equal(host_fit("*.a.com", "a.com.evil.net"), 0);
	assert_int_equal(host_fit("*.a.com", ".a.com"), 0);
	assert_int_equal(host_fit("a.com", "b.com"), 0);
	assert_true(host_fit("*.a.com", "x.y.a.com") > 0);
	assert_true(host_fit("*.y.a.com", "x.y.a.com") > host_fit("*.a.com", "x.y.a.com"));
	assert_true(host_fit("x.y.a.com", "x.y.a.com") > host_fit("*.y.a.com", "x.y.a.com"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_name_is_lowered_and_loses_one_trailing_dot),
		cmocka_unit_test(names_that_somebody_could_read_otherwise_are_refused),
		cmocka_unit_test(addresses_in_any_notation_are_no_names),
		cmocka_unit_test(lengths_are_bounded),
		cmocka_unit_test(a_port_is_a_plain_number_behind_one_colon),
		cmocka_unit_test(a_pattern_stands_for_any_depth_below_and_not_for_itself),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
