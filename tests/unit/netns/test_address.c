#include "netns/address.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "bundle/plan.h"

static uint32_t ip(const char *text)
{
	struct in_addr in;

	assert_int_equal(inet_pton(AF_INET, text, &in), 1);
	return in.s_addr;
}

static bool overlap(const char *a, int a_prefix, const char *b, int b_prefix)
{
	bool one = address_subnets_overlap(ip(a), a_prefix, ip(b), b_prefix);

	assert_int_equal(one, address_subnets_overlap(ip(b), b_prefix, ip(a), a_prefix));
	return one;
}

static void test_a_subnet_overlaps_what_lies_in_it(void **state)
{
	(void)state;
	assert_true(overlap("10.0.0.0", 8, "10.214.240.0", 20));
	assert_true(overlap("10.214.240.0", 20, "10.214.255.255", 32));
	assert_true(overlap("10.1.2.3", 24, "10.1.2.200", 24));
	assert_true(overlap("0.0.0.0", 0, "192.0.2.1", 32));
}

static void test_neighbours_do_not_overlap(void **state)
{
	(void)state;
	assert_false(overlap("10.214.240.0", 20, "10.214.224.0", 20));
	assert_false(overlap("10.214.240.0", 20, "10.215.0.0", 16));
	assert_false(overlap("10.1.2.3", 32, "10.1.2.4", 32));
	assert_false(overlap("128.0.0.0", 1, "127.255.255.255", 32));
}

/* The pool's bounds stand in address.c as numbers, in bundle/plan.h as text. */
static void test_the_pool_is_the_plans(void **state)
{
	(void)state;
	assert_string_equal(PLAN_NAME_POOL, "198.18.0.0/15");
	assert_true(address_overlaps(ip("198.18.0.0"), 32));
	assert_true(address_overlaps(ip("198.19.255.255"), 32));
	assert_true(address_overlaps(ip(PLAN_SIDECAR_ADDRESS), 32));
	assert_true(address_overlaps(ip(PLAN_AGENT_ADDRESS), PLAN_LINK_PREFIX));
	assert_true(address_overlaps(ip("198.0.0.0"), 8));
	assert_false(address_overlaps(ip("198.17.255.255"), 32));
	assert_false(address_overlaps(ip("198.20.0.0"), 16));
}

static void test_the_text_names_word_address_and_length(void **state)
{
	char buf[64];

	(void)state;
	address_text("route", ip("172.17.0.0"), 16, buf, sizeof(buf));
	assert_string_equal(buf, "route 172.17.0.0/16");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_subnet_overlaps_what_lies_in_it),
		cmocka_unit_test(test_neighbours_do_not_overlap),
		cmocka_unit_test(test_the_pool_is_the_plans),
		cmocka_unit_test(test_the_text_names_word_address_and_length),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
