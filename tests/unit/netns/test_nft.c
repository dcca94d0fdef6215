#include "netns/nft.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter_ipv4.h>
#include <linux/netlink.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/fd.h"
#include "netns/filter.h"
#include "netns/namespace.h"
#include "netns/netlink.h"

static int new_namespace(void)
{
	struct err e;
	int fd = -1, r = netns_new(&fd, &e);

	if (r == -EPERM)
		skip();
	assert_int_equal(r, 0);
	return fd;
}

static int make(int fd, enum nft_table_mode mode, uint32_t verdict)
{
	cleanup_netlink struct nl_sock *sock = NULL;
	cleanup_nft struct nft n;
	struct err e;

	assert_int_equal(netlink_open(fd, NETLINK_NETFILTER, &sock, &e), 0);
	nft_begin(&n, NFPROTO_INET, "test");
	nft_table_make(&n, mode);
	nft_chain(&n, &(struct nft_chain){
			      "input", "filter", NF_INET_LOCAL_IN, NF_IP_PRI_FILTER, verdict});
	return nft_commit(&n, sock, &e);
}

static void test_a_fresh_table_must_not_be_there(void **state)
{
	cleanup_fd int fd = new_namespace();

	(void)state;
	assert_int_equal(make(fd, NFT_TABLE_FRESH, NF_DROP), 0);
	assert_int_equal(make(fd, NFT_TABLE_FRESH, NF_DROP), -EEXIST);
	assert_int_equal(make(fd, NFT_TABLE_REPLACE, NF_ACCEPT), 0);
}

static void test_a_table_is_replaced_where_there_is_none(void **state)
{
	cleanup_fd int fd = new_namespace();

	(void)state;
	assert_int_equal(make(fd, NFT_TABLE_REPLACE, NF_DROP), 0);
}

static void test_one_bad_message_undoes_the_batch(void **state)
{
	cleanup_fd int fd = new_namespace();

	(void)state;
	assert_int_equal(make(fd, NFT_TABLE_FRESH, 77), -EINVAL); /* no such verdict */
	assert_int_equal(make(fd, NFT_TABLE_FRESH, NF_DROP), 0);  /* so the table was not made */
}

static void test_a_rule_for_a_chain_that_is_not_there_is_an_error(void **state)
{
	cleanup_fd int fd = new_namespace();
	cleanup_netlink struct nl_sock *sock = NULL;
	cleanup_nft struct nft n;
	struct err e;

	(void)state;
	assert_int_equal(netlink_open(fd, NETLINK_NETFILTER, &sock, &e), 0);
	nft_begin(&n, NFPROTO_INET, "test");
	nft_table_make(&n, NFT_TABLE_FRESH);
	nft_rule(&n, "nosuch");
	nft_verdict(&n, NF_DROP);
	nft_rule_end(&n);
	assert_int_equal(nft_commit(&n, sock, &e), -ENOENT);
}

static void test_the_sidecars_table_is_checked_and_can_be_applied_again(void **state)
{
	cleanup_fd int fd = new_namespace();
	struct netns_policy p = {
		.gate_uid = 1879048300,
		.egress_uid = 1879048301,
		.gate_ports = {22, 2222},
		.n_gate_ports = 2,
	};
	struct err e;

	(void)state;
	assert_int_equal(filter_check(fd, &e), -ENOENT);
	assert_int_equal(filter_apply(fd, &p, &e), 0);
	assert_int_equal(filter_check(fd, &e), 0);
	assert_int_equal(filter_apply(fd, &p, &e), 0);
	assert_int_equal(filter_check(fd, &e), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_fresh_table_must_not_be_there),
		cmocka_unit_test(test_a_table_is_replaced_where_there_is_none),
		cmocka_unit_test(test_one_bad_message_undoes_the_batch),
		cmocka_unit_test(test_a_rule_for_a_chain_that_is_not_there_is_an_error),
		cmocka_unit_test(test_the_sidecars_table_is_checked_and_can_be_applied_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
