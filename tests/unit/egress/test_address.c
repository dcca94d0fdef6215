#include "egress/address.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static struct address at(const char *text)
{
	struct address a = {.family = strchr(text, ':') ? AF_INET6 : AF_INET};

	assert_int_equal(inet_pton(a.family, text, a.family == AF_INET ? (void *)&a.v4 : &a.v6), 1);
	return a;
}

static void every_special_range_is_known(void **state)
{
	static const char *const special[] = {"0.0.0.0", "10.1.2.3", "100.64.0.1",
		"100.100.100.200", "127.0.0.1", "127.0.0.11", "168.63.129.16", "169.254.169.254",
		"169.254.170.2", "172.16.0.1", "172.31.255.255", "192.0.0.192", "192.0.2.1",
		"192.168.1.1", "198.18.0.1", "198.19.255.1", "198.51.100.1", "203.0.113.1",
		"224.0.0.1", "239.1.1.1", "255.255.255.255", "::", "::1", "::ffff:169.254.169.254",
		"::ffff:8.8.8.8", "::127.0.0.1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::1", "2001::1",
		"2001:db8::1", "2002:7f00:1::", "fc00::1", "fd00:ec2::254", "fe80::1", "fec0::1",
		"ff02::1", "4000::1"};

	(void)state;
	for (size_t i = 0; i < sizeof(special) / sizeof(*special); i++) {
		struct address a = at(special[i]);

		assert_non_null(address_special(&a));
	}
}

static void public_addresses_are_ordinary(void **state)
{
	static const char *const ordinary[] = {"1.1.1.1", "8.8.8.8", "11.0.0.1", "100.63.255.255",
		"100.128.0.1", "172.15.255.255", "172.32.0.1", "192.167.1.1", "198.17.255.255",
		"198.20.0.0", "223.255.255.255", "2606:4700::1111", "2a00:1450::1"};

	(void)state;
	for (size_t i = 0; i < sizeof(ordinary) / sizeof(*ordinary); i++) {
		struct address a = at(ordinary[i]);

		assert_null(address_special(&a));
	}
}

static void a_network_holds_its_addresses_and_no_others(void **state)
{
	struct address a = at("10.9.8.7"), b = at("fd00::7");

	(void)state;
	assert_true(address_in_cidr(&a, "10.0.0.0/8"));
	assert_true(address_in_cidr(&a, "10.9.8.6/31"));
	assert_true(address_in_cidr(&a, "10.9.8.7"));
	assert_true(address_in_cidr(&a, "0.0.0.0/0"));
	assert_false(address_in_cidr(&a, "10.9.8.8/31"));
	assert_false(address_in_cidr(&a, "10.9.8.6"));
	assert_false(address_in_cidr(&a, "10.0.0.0/33"));
	assert_false(address_in_cidr(&a, "10.0.0.0/"));
	assert_false(address_in_cidr(&a, "::/0"));
	assert_false(address_in_cidr(&a, "nonsense"));
	assert_true(address_in_cidr(&b, "fd00::/8"));
	assert_false(address_in_cidr(&b, "fc00::/8"));
}

static void the_bottles_own_pool_and_link_are_known(void **state)
{
	struct address link = at("198.19.255.1"), other = at("198.20.0.1");

	(void)state;
	assert_true(address_is_bottle(&link));
	assert_false(address_is_bottle(&other));
}

static void families_take_turns_each_in_its_own_order(void **state)
{
	struct address list[5] = {0};
	static const sa_family_t want4[] = {AF_INET, AF_INET6, AF_INET, AF_INET, AF_INET};

	(void)state;
	for (uint32_t i = 0; i < 5; i++)
		list[i] = (struct address){.family = AF_INET, .v4.s_addr = i};
	list[4] = (struct address){.family = AF_INET6};
	address_alternate(list, 5, AF_INET);
	for (size_t i = 0; i < 5; i++)
		assert_int_equal(list[i].family, want4[i]);
	assert_int_equal(list[0].v4.s_addr, 0);
	assert_int_equal(list[2].v4.s_addr, 1);
	assert_int_equal(list[4].v4.s_addr, 3);
	address_alternate(list, 5, AF_INET6);
	assert_int_equal(list[0].family, AF_INET6);
	assert_int_equal(list[1].v4.s_addr, 0);
	assert_int_equal(list[4].v4.s_addr, 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_special_range_is_known),
		cmocka_unit_test(public_addresses_are_ordinary),
		cmocka_unit_test(a_network_holds_its_addresses_and_no_others),
		cmocka_unit_test(the_bottles_own_pool_and_link_are_known),
		cmocka_unit_test(families_take_turns_each_in_its_own_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
