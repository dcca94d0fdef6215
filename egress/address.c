#include "egress/address.h"

#include <arpa/inet.h>
#include <string.h>

#include "base/str.h"

struct range {
	const char *cidr;
	const char *what;
};

/* IANA special-purpose registries (RFC 6890) and the clouds' metadata services beside them. */
static const struct range ranges[] = {
	{"0.0.0.0/8", "unspecified"},
	{"10.0.0.0/8", "private"},
	{"100.64.0.0/10", "shared (carrier NAT)"},
	{"127.0.0.0/8", "loopback"},
	{"168.63.129.16/32", "metadata"},
	{"169.254.0.0/16", "link-local"},
	{"172.16.0.0/12", "private"},
	{"192.0.0.0/24", "protocol assignment"},
	{"192.0.2.0/24", "documentation"},
	{"192.31.196.0/24", "AS112"},
	{"192.52.193.0/24", "AMT"},
	{"192.88.99.0/24", "6to4 relay"},
	{"192.168.0.0/16", "private"},
	{"192.175.48.0/24", "AS112"},
	{"198.18.0.0/15", "benchmark"},
	{"198.51.100.0/24", "documentation"},
	{"203.0.113.0/24", "documentation"},
	{"224.0.0.0/4", "multicast"},
	{"240.0.0.0/4", "reserved"},
	{"::/128", "unspecified"},
	{"::1/128", "loopback"},
	{"::ffff:0:0/96", "IPv4-mapped"},
	{"::/96", "IPv4-compatible"},
	{"64:ff9b::/96", "NAT64"},
	{"64:ff9b:1::/48", "NAT64"},
	{"100::/64", "discard"},
	{"2001::/32", "Teredo"},
	{"2001::/23", "protocol assignment"},
	{"2001:db8::/32", "documentation"},
	{"2002::/16", "6to4"},
	{"3fff::/20", "documentation"},
	{"5f00::/16", "segment routing"},
	{"fc00::/7", "private"},
	{"fe80::/10", "link-local"},
	{"fec0::/10", "site-local"},
	{"ff00::/8", "multicast"},
};

static bool same_bits(const void *a, const void *b, long bits)
{
	const unsigned char *x = a, *y = b;
	size_t bytes = (size_t)bits / 8;
	unsigned int rest = (unsigned int)bits % 8;

	if (memcmp(x, y, bytes) != 0)
		return false;
	return rest == 0 || ((x[bytes] ^ y[bytes]) >> (8 - rest)) == 0;
}

bool address_in_cidr(const struct address *a, const char *cidr)
{
	const char *slash = strchr(cidr, '/');
	size_t len = slash ? (size_t)(slash - cidr) : strlen(cidr);
	char text[INET6_ADDRSTRLEN];
	unsigned char net[16];
	long max = a->family == AF_INET ? 32 : 128, bits = max;

	if (len >= sizeof(text))
		return false;
	memcpy(text, cidr, len);
	text[len] = '\0';
	if (inet_pton(a->family, text, net) != 1)
		return false;
	if (slash && !str_to_long(slash + 1, 0, max, &bits))
		return false;
	return same_bits(a->family == AF_INET ? (const void *)&a->v4 : &a->v6, net, bits);
}

const char *address_special(const struct address *a)
{
	for (size_t i = 0; i < sizeof(ranges) / sizeof(*ranges); i++)
		if (address_in_cidr(a, ranges[i].cidr))
			return ranges[i].what;
	/* Only 2000::/3 was ever given out for global use. */
	if (a->family == AF_INET6 && !address_in_cidr(a, "2000::/3"))
		return "reserved";
	return NULL;
}

bool address_is_bottle(const struct address *a)
{
	return address_in_cidr(a, "198.18.0.0/15");
}

const char *address_text(const struct address *a, char *buf, socklen_t size)
{
	const char *s = inet_ntop(
		a->family, a->family == AF_INET ? (const void *)&a->v4 : &a->v6, buf, size);

	return s ? s : "?";
}

socklen_t address_to_sockaddr(const struct address *a, uint16_t port, struct sockaddr_storage *ret)
{
	struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(port)};
	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)};

	*ret = (struct sockaddr_storage){0};
	if (a->family == AF_INET) {
		v4.sin_addr = a->v4;
		memcpy(ret, &v4, sizeof(v4));
		return sizeof(v4);
	}
	v6.sin6_addr = a->v6;
	memcpy(ret, &v6, sizeof(v6));
	return sizeof(v6);
}

void address_alternate(struct address *list, size_t n, sa_family_t first)
{
	sa_family_t want = first;

	for (size_t at = 0; at < n; at++) {
		size_t from = at;
		struct address a;

		while (from < n && list[from].family != want)
			from++;
		want = want == AF_INET ? AF_INET6 : AF_INET;
		/* None of that family is left: the others stand as they are. */
		if (from == n)
			continue;
		a = list[from];
		memmove(list + at + 1, list + at, (from - at) * sizeof(*list));
		list[at] = a;
	}
}
