#ifndef EGRESS_ADDRESS_H
#define EGRESS_ADDRESS_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

/* An upstream's address, IPv4 or IPv6, without a port. */
struct address {
	sa_family_t family; /* AF_INET or AF_INET6 */
	union {
		struct in_addr v4;
		struct in6_addr v6;
	};
};

/*
 * What kind of address that no public host has: "private", "loopback", "link-local" (and with it
 * the clouds' metadata), …; NULL for an ordinary global address. IPv6 forms that carry an IPv4
 * address (mapped, NAT64, 6to4, Teredo) are special by themselves.
 */
const char *address_special(const struct address *a);

/* The bottle's own pool and link: never dialled, whatever a manifest says. */
bool address_is_bottle(const struct address *a);

/* Whether it lies in "10.0.0.0/8", "fd00::/8" or a plain address. false for a malformed one. */
bool address_in_cidr(const struct address *a, const char *cidr);

/* Text into buf (at least INET6_ADDRSTRLEN). */
const char *address_text(const struct address *a, char *buf, socklen_t size);

/* Length of the socket address written. */
socklen_t address_to_sockaddr(const struct address *a, uint16_t port, struct sockaddr_storage *ret);

/* Puts the two families by turns, each in its own order, beginning with `first` (RFC 8305 section
 * 4).
 */
void address_alternate(struct address *list, size_t n, sa_family_t first);

#endif
