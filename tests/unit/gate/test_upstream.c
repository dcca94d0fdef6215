#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include "base/ptr.h"
#include "gate/upstream.h"

static int is_ok(const char *text)
{
	struct sockaddr_in v4 = {.sin_family = AF_INET};
	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};

	if (inet_pton(AF_INET, text, &v4.sin_addr) == 1)
		return upstream_address_ok((const struct sockaddr *)&v4);
	assert_int_equal(inet_pton(AF_INET6, text, &v6.sin6_addr), 1);
	return upstream_address_ok((const struct sockaddr *)&v6);
}

static void a_name_may_stand_for_public_addresses_only(void **state)
{
	static const char *const good[] = {"1.1.1.1", "11.22.33.10", "140.82.112.3",
		"172.15.255.255", "172.32.0.1", "223.255.255.255", "2606:50c0::1", "2a00:1450::1"};
	static const char *const bad[] = {"0.0.0.0", "10.0.0.1", "100.64.0.1", "100.100.100.200",
		"127.0.0.1", "127.255.0.1", "169.254.169.254", "172.16.0.1", "172.31.255.255",
		"192.168.1.1", "198.19.255.1", "224.0.0.1", "255.255.255.255", "168.63.129.16",
		"::", "::1", "::ffff:169.254.169.254", "64:ff9b::a9fe:a9fe", "fe80::1", "fd00::1",
		"fd00:ec2::254", "ff02::1", "2002:a9fe:a9fe::", "2001::1", "2001:db8::1"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(good); i++)
		assert_true(is_ok(good[i]));
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_false(is_ok(bad[i]));
}

static void what_the_manifest_names_is_taken_as_it_is(void **state)
{
	char host[] = "git.example.com", pinned[] = "10.1.2.3", literal[] = "192.168.7.7";
	struct policy_repo with_extra = {.host = host, .address = pinned};
	struct policy_repo by_address = {.host = literal};
	struct gate gate = {0};
	struct upstream up;
	struct err e;

	(void)state;
	assert_int_equal(upstream_resolve(&gate, &with_extra, &up, &e), 0);
	assert_string_equal(up.address, "10.1.2.3");
	assert_int_equal(upstream_resolve(&gate, &by_address, &up, &e), 0);
	assert_string_equal(up.address, "192.168.7.7");
}

static void a_name_of_the_own_machine_is_refused_with_a_hint(void **state)
{
	char host[] = "localhost";
	struct policy_repo repo = {.host = host};
	struct gate gate = {0};
	struct upstream up;
	struct err e;

	(void)state;
	assert_int_equal(upstream_resolve(&gate, &repo, &up, &e), -EHOSTUNREACH);
	assert_non_null(strstr(e.msg, "extra_hosts"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_name_may_stand_for_public_addresses_only),
		cmocka_unit_test(what_the_manifest_names_is_taken_as_it_is),
		cmocka_unit_test(a_name_of_the_own_machine_is_refused_with_a_hint),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
