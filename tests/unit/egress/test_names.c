#include "egress/names.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static char *agent_names[] = {(char *)"box", NULL};

static const struct policy_egress policy = {
	.sidecar_address = (char *)"198.19.255.1",
	.agent_address = (char *)"198.19.255.2",
	.agent_names = agent_names,
};

static struct names *made(const char *seed)
{
	struct names *n;
	struct err e;

	assert_int_equal(names_new(seed, &n, &e), 0);
	return n;
}

/* The rcode; *ret is the address when there was one. */
static int ask(struct names *n, const char *name, enum dns_type type, struct in_addr *ret)
{
	unsigned char q[DNS_UDP_MAX], a[DNS_UDP_MAX];
	size_t len = dns_write_question(1, name, type, true, q);
	size_t got = names_answer(n, &policy, q, len, a);

	assert_true(got > 12);
	ret->s_addr = 0;
	/* The additional OPT record (11 bytes) is behind the address. */
	if (a[7])
		memcpy(ret, a + got - 11 - 4, 4);
	return a[3] & 15;
}

static void a_name_has_one_address_of_the_pool(void **state)
{
	struct names *n = made("seed");
	struct in_addr a, b, c;

	(void)state;
	assert_int_equal(ask(n, "a.example.com", DNS_A, &a), DNS_NOERROR);
	assert_int_equal(ask(n, "A.EXAMPLE.com", DNS_A, &b), DNS_NOERROR);
	assert_int_equal(ask(n, "b.example.com", DNS_A, &c), DNS_NOERROR);
	assert_true(names_in_pool(a));
	assert_int_equal(a.s_addr, b.s_addr);
	assert_int_not_equal(a.s_addr, c.s_addr);
	assert_true(names_agree(n, a, "a.example.com"));
	assert_false(names_agree(n, a, "b.example.com"));
	names_free(n);
}

static void an_address_has_the_name_that_was_asked_for(void **state)
{
	struct names *n = made("seed"), *m = made("seed");
	struct in_addr a, other = {.s_addr = 0x01020304};

	(void)state;
	ask(n, "a.example.com", DNS_A, &a);
	assert_string_equal(names_of(n, a), "a.example.com");
	assert_null(names_of(n, other));
	assert_null(names_of(m, a));
	assert_true(names_agree(m, a, "a.example.com"));
	assert_string_equal(names_of(m, a), "a.example.com");
	names_free(n);
	names_free(m);
}

static void a_new_process_with_the_same_seed_says_the_same(void **state)
{
	struct names *n = made("seed"), *m = made("seed"), *o = made("other");
	struct in_addr a, b, c;

	(void)state;
	ask(n, "a.example.com", DNS_A, &a);
	ask(m, "a.example.com", DNS_A, &b);
	ask(o, "a.example.com", DNS_A, &c);
	assert_int_equal(a.s_addr, b.s_addr);
	assert_int_not_equal(a.s_addr, c.s_addr);
	names_free(n);
	names_free(m);
	names_free(o);
}

static void the_sidecar_and_the_agent_have_their_own(void **state)
{
	static const char *const sidecar[] = {"egress", "git-gate", "supervise", "pipelock"};
	struct names *n = made("seed");
	struct in_addr a;

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		assert_int_equal(ask(n, sidecar[i], DNS_A, &a), DNS_NOERROR);
		assert_int_equal(a.s_addr, inet_addr("198.19.255.1"));
	}
	assert_int_equal(ask(n, "box", DNS_A, &a), DNS_NOERROR);
	assert_int_equal(a.s_addr, inet_addr("198.19.255.2"));
	names_free(n);
}

static void other_types_have_no_data(void **state)
{
	struct names *n = made("seed");
	struct in_addr a;

	(void)state;
	assert_int_equal(ask(n, "a.example.com", DNS_AAAA, &a), DNS_NOERROR);
	assert_int_equal(a.s_addr, 0);
	assert_int_equal(ask(n, "a.example.com", (enum dns_type)16, &a), DNS_NOERROR);
	assert_int_equal(a.s_addr, 0);
	names_free(n);
}

static void no_address_is_given_twice_and_a_full_pool_says_so(void **state)
{
	static unsigned char seen[0x20000];
	struct names *n = made("seed");
	struct in_addr a;
	int given = 0, rcode = DNS_NOERROR;

	(void)state;
	for (; given < 0x20000; given++) {
		char name[64];

		snprintf(name, sizeof(name), "%032d.example.com", given);
		rcode = ask(n, name, DNS_A, &a);
		if (rcode != DNS_NOERROR)
			break;
		assert_true(names_in_pool(a));
		assert_int_not_equal(ntohl(a.s_addr) & 0xffffff00, 0xc613ff00);
		assert_int_equal(seen[ntohl(a.s_addr) - 0xc6120000]++, 0);
	}
	assert_int_equal(rcode, DNS_SERVFAIL);
	assert_true(given > 10000);
	assert_int_equal(
		ask(n, "00000000000000000000000000000000.example.com", DNS_A, &a), DNS_NOERROR);
	names_free(n);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_name_has_one_address_of_the_pool),
		cmocka_unit_test(an_address_has_the_name_that_was_asked_for),
		cmocka_unit_test(a_new_process_with_the_same_seed_says_the_same),
		cmocka_unit_test(the_sidecar_and_the_agent_have_their_own),
		cmocka_unit_test(other_types_have_no_data),
		cmocka_unit_test(no_address_is_given_twice_and_a_full_pool_says_so),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
