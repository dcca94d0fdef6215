#ifndef NETNS_RULES_H
#define NETNS_RULES_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"

struct nl_sock;

/* IPv4 routing rules (ip-rule(8)) of the namespace of a socket of netns/netlink.h. */

struct rule {
	uint32_t priority;
	uint8_t action; /* FR_ACT_TO_TBL, FR_ACT_UNREACHABLE */
	uint32_t table; /* for FR_ACT_TO_TBL */
	char iif[16];	/* "": any */
	bool has_uid;
	uid_t uid_first, uid_last;
	uint8_t ip_proto; /* 0: any */
	uint16_t dport;	  /* 0: any */
	uint32_t to;	  /* network byte order; to_prefix 0: any */
	uint8_t to_prefix;
	bool other; /* has a condition that this struct does not know */
};

bool rule_equal(const struct rule *a, const struct rule *b);

int rule_add(struct nl_sock *sock, const struct rule *r, struct err *e);
int rule_delete(struct nl_sock *sock, const struct rule *r, struct err *e);

/* Reads at most `max` of them, in the kernel's order. The count; -E2BIG when there are more. */
int rule_list(struct nl_sock *sock, struct rule *ret, size_t max, struct err *e);

#endif
