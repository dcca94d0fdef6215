#include "egress/socks.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <arpa/inet.h>
#include <cmocka.h>

#define greeting(text) socks_take_greeting((const unsigned char *)(text), sizeof(text) - 1)

static struct socks_request request;
static enum socks_reply reply;
static const char *why;

static long take(const void *p, size_t len)
{
	why = NULL;
	return socks_take_request(p, len, &request, &reply, &why);
}

#define taken(text) take(text, sizeof(text) - 1)

static void a_greeting_must_offer_no_authentication(void **state)
{
	(void)state;
	assert_int_equal(greeting("\5\1\0"), 3);
	assert_int_equal(greeting("\5\2\2\0"), 4);
	assert_int_equal(greeting("\5\2\0\2tail"), 4);
	assert_int_equal(greeting("\5\1\2"), -ENOTSUP);
	assert_int_equal(greeting("\5\0"), -ENOTSUP);
	assert_int_equal(greeting("\4\1\0"), -EINVAL);
}

static void a_greeting_is_waited_for(void **state)
{
	(void)state;
	assert_int_equal(greeting(""), 0);
	assert_int_equal(greeting("\5"), 0);
	assert_int_equal(greeting("\5\3\0\1"), 0);
}

static void a_request_names_host_and_port(void **state)
{
	(void)state;
	assert_int_equal(taken("\5\1\0\3\13Example.COM\1\273rest"), 18);
	assert_string_equal(request.host, "example.com");
	assert_int_equal(request.port, 443);
}

static void an_ipv4_address_is_told_as_one(void **state)
{
	(void)state;
	assert_int_equal(taken("\5\1\0\1\306\22\1\2\0\120"), 10);
	assert_string_equal(request.host, "");
	assert_int_equal(request.address.s_addr, inet_addr("198.18.1.2"));
	assert_int_equal(request.port, 80);
}

static void every_part_of_a_request_is_waited_for(void **state)
{
	static const char whole[] = "\5\1\0\3\13example.com\1\273";

	(void)state;
	for (size_t n = 0; n < sizeof(whole) - 1; n++)
		assert_int_equal(take(whole, n), 0);
	assert_int_equal(take(whole, sizeof(whole) - 1), sizeof(whole) - 1);
}

#define refused(text, want)                                                                        \
	do {                                                                                       \
		assert_int_equal(taken(text), -EINVAL);                                            \
		assert_int_equal(reply, want);                                                     \
		assert_non_null(why);                                                              \
		assert_string_equal(request.host, "");                                             \
	} while (0)

static void what_is_not_served_has_its_own_reply(void **state)
{
	(void)state;
	refused("\5\2\0\3\1a\0\120", SOCKS_NO_COMMAND);
	refused("\5\3\0\3\1a\0\120", SOCKS_NO_COMMAND);
	refused("\5\1\0\4\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1\0\120", SOCKS_NO_ADDRESS_TYPE);
	refused("\5\1\0\2\0\0\0\0\0\120", SOCKS_NO_ADDRESS_TYPE);
	refused("\4\1\0\3\1a\0\120", SOCKS_FAILED);
	refused("\5\1\1\3\1a\0\120", SOCKS_FAILED);
}

static void a_name_that_somebody_could_read_otherwise_is_refused(void **state)
{
	(void)state;
	refused("\5\1\0\3\23allowed.com\0evil.ex\1\273", SOCKS_NOT_ALLOWED);
	refused("\5\1\0\3\15allowed.com\r\n\1\273", SOCKS_NOT_ALLOWED);
	refused("\5\1\0\3\0\1\273", SOCKS_NOT_ALLOWED);
	refused("\5\1\0\3\11"
		"127.0.0.1\1\273",
		SOCKS_NOT_ALLOWED);
	refused("\5\1\0\3\15user@a.com:80\1\273", SOCKS_NOT_ALLOWED);
}

static void port_0_is_none(void **state)
{
	(void)state;
	assert_int_equal(taken("\5\1\0\3\1a\0\0"), -EINVAL);
	assert_int_equal(reply, SOCKS_FAILED);
}

static void a_reply_has_its_code_and_no_address(void **state)
{
	unsigned char p[SOCKS_REPLY_LEN];

	(void)state;
	socks_write_reply(SOCKS_NOT_ALLOWED, p);
	assert_memory_equal(p, "\5\2\0\1\0\0\0\0\0\0", sizeof(p));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_greeting_must_offer_no_authentication),
		cmocka_unit_test(a_greeting_is_waited_for),
		cmocka_unit_test(a_request_names_host_and_port),
		cmocka_unit_test(an_ipv4_address_is_told_as_one),
		cmocka_unit_test(every_part_of_a_request_is_waited_for),
		cmocka_unit_test(what_is_not_served_has_its_own_reply),
		cmocka_unit_test(a_name_that_somebody_could_read_otherwise_is_refused),
		cmocka_unit_test(port_0_is_none),
		cmocka_unit_test(a_reply_has_its_code_and_no_address),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
