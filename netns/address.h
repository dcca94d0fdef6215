#ifndef NETNS_ADDRESS_H
#define NETNS_ADDRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct nl_sock;

/* Addresses of the links of a namespace, and arithmetic with subnets. Network byte order. */

struct address {
	int family;    /* AF_INET, AF_INET6 */
	int index;     /* of the link */
	uint32_t addr; /* AF_INET only */
	int prefix;
	bool link_local; /* says nothing of a network: IPv6 makes them by itself */
};

/* Calls each for every address of the namespace; an error of it ends the walk. */
int address_each(struct nl_sock *sock, int (*each)(const struct address *a, void *arg), void *arg,
	struct err *e);

/* Whether two subnets have an address in common. */
bool address_subnets_overlap(uint32_t a, int a_prefix, uint32_t b, int b_prefix);

/* As above, against the bottle's own range (PLAN_NAME_POOL). */
bool address_overlaps(uint32_t addr, int prefix);

/* "WORD a.b.c.d/n" into buf. */
void address_text(const char *word, uint32_t addr, int prefix, char *buf, size_t size);

#endif
