#include "netns/rules.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/fib_rules.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/fd.h"
#include "base/ptr.h"
#include "netns/namespace.h"
#include "netns/netlink.h"

static struct nl_sock *sock_in_new_namespace(void)
{
	cleanup_fd int fd = -1;
	struct nl_sock *sock = NULL;
	struct err e;
	int r = netns_new(&fd, &e);

	if (r == -EPERM)
		skip();
	assert_int_equal(r, 0);
	assert_int_equal(netlink_open(fd, NETLINK_ROUTE, &sock, &e), 0);
	return sock; /* keeps its namespace alive */
}

static const struct rule full = {
	.priority = 77,
	.action = FR_ACT_TO_TBL,
	.table = 5198,
	.iif = "bottle0",
	.has_uid = true,
	.uid_first = 1879048300,
	.uid_last = 1879048301,
	.ip_proto = IPPROTO_UDP,
	.dport = 53,
	.to = 0x000a,
	.to_prefix = 8,
};

static int find(struct nl_sock *sock, uint32_t priority, struct rule *ret)
{
	struct rule list[16];
	struct err e;
	int n = rule_list(sock, list, ARRAY_LEN(list), &e);

	assert_true(n >= 0);
	for (int i = 0; i < n; i++)
		if (list[i].priority == priority) {
			*ret = list[i];
			return 1;
		}
	return 0;
}

static void test_what_is_added_is_listed_as_it_was(void **state)
{
	cleanup_netlink struct nl_sock *sock = sock_in_new_namespace();
	struct rule back;
	struct err e;

	(void)state;
	assert_int_equal(rule_add(sock, &full, &e), 0);
	assert_true(find(sock, 77, &back));
	assert_true(rule_equal(&full, &back));
	assert_int_equal(rule_delete(sock, &full, &e), 0);
	assert_false(find(sock, 77, &back));
}

static void test_adding_twice_and_removing_twice_are_errors_with_their_number(void **state)
{
	cleanup_netlink struct nl_sock *sock = sock_in_new_namespace();
	struct err e;

	(void)state;
	assert_int_equal(rule_add(sock, &full, &e), 0);
	assert_int_equal(rule_add(sock, &full, &e), -EEXIST);
	assert_int_equal(rule_delete(sock, &full, &e), 0);
	assert_int_equal(rule_delete(sock, &full, &e), -ENOENT);
}

static void test_a_condition_that_is_not_known_makes_a_rule_another(void **state)
{
	cleanup_netlink struct nl_sock *sock = sock_in_new_namespace();
	cleanup_nlmsg struct nl_msg *msg =
		nlmsg_alloc_simple(RTM_NEWRULE, NLM_F_REQUEST | NLM_F_CREATE);
	struct fib_rule_hdr hdr = {.family = AF_INET, .action = FR_ACT_TO_TBL};
	struct rule back, plain = {.priority = 78, .action = FR_ACT_TO_TBL, .table = 5198};
	struct err e;

	(void)state;
	nlmsg_append(msg, &hdr, sizeof(hdr), NLMSG_ALIGNTO);
	nla_put_u32(msg, FRA_PRIORITY, 78);
	nla_put_u32(msg, FRA_TABLE, 5198);
	nla_put_u32(msg, FRA_FWMARK, 1);
	assert_int_equal(netlink_request(sock, msg, "add a rule", &e), 0);
	assert_true(find(sock, 78, &back));
	assert_false(rule_equal(&plain, &back));
}

static void test_more_rules_than_there_is_room_for_are_an_error(void **state)
{
	cleanup_netlink struct nl_sock *sock = sock_in_new_namespace();
	struct rule two[2];
	struct err e;

	(void)state;
	assert_int_equal(rule_list(sock, two, 2, &e), -E2BIG); /* local, main, default */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_is_added_is_listed_as_it_was),
		cmocka_unit_test(test_adding_twice_and_removing_twice_are_errors_with_their_number),
		cmocka_unit_test(test_a_condition_that_is_not_known_makes_a_rule_another),
		cmocka_unit_test(test_more_rules_than_there_is_room_for_are_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
