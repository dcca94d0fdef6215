#include "gate/upstream.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <string.h>

#include "base/ptr.h"
#include "gate/ask.h"
#include "gate/git.h"
#include "gate/https.h"

int upstream_is_address(const char *text)
{
	struct in6_addr a;

	return inet_pton(AF_INET, text, &a) == 1 || inet_pton(AF_INET6, text, &a) == 1;
}

/* IANA's special-purpose registries, and what clouds keep for themselves. */
static const struct {
	const char *network;
	unsigned int bits;
} special[] = {
	{"0.0.0.0", 8},
	{"10.0.0.0", 8},
	{"100.64.0.0", 10},
	{"127.0.0.0", 8},
	{"169.254.0.0", 16},
	{"172.16.0.0", 12},
	{"192.0.0.0", 24},
	{"192.0.2.0", 24},
	{"192.88.99.0", 24},
	{"192.168.0.0", 16},
	{"198.18.0.0", 15},
	{"198.51.100.0", 24},
	{"203.0.113.0", 24},
	{"224.0.0.0", 3},
	{"168.63.129.16", 32}, /* Azure's */
	/* Of IPv6 only global unicast is ordinary; in it, ways to IPv4 and documentation are not.
	 */
	{"::", 3},
	{"4000::", 2},
	{"8000::", 1},
	{"2001::", 23},
	{"2001:db8::", 32},
	{"2002::", 16},
	{"3fff::", 20},
};

static int in_network(const unsigned char *address, const unsigned char *network, unsigned int bits)
{
	unsigned int whole = bits / 8, rest = bits % 8;

	return memcmp(address, network, whole) == 0 &&
	       (rest == 0 || ((address[whole] ^ network[whole]) >> (8 - rest)) == 0);
}

int upstream_address_ok(const struct sockaddr *address)
{
	const void *bytes =
		address->sa_family == AF_INET
			? (const void *)&((const struct sockaddr_in *)address)->sin_addr
			: (const void *)&((const struct sockaddr_in6 *)address)->sin6_addr;

	if (address->sa_family != AF_INET && address->sa_family != AF_INET6)
		return 0;
	for (size_t i = 0; i < ARRAY_LEN(special); i++) {
		unsigned char network[16];

		if (inet_pton(address->sa_family, special[i].network, network) == 1 &&
			in_network(bytes, network, special[i].bits))
			return 0;
	}
	return 1;
}

int upstream_resolve_name(const char *host, char ret[INET6_ADDRSTRLEN], struct err *e)
{
	const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_ADDRCONFIG};
	struct addrinfo *list = NULL, *i;
	int r = getaddrinfo(host, NULL, &hints, &list);

	if (r != 0)
		return err_say(e, EHOSTUNREACH, "'%s' has no address: %s", host, gai_strerror(r));
	for (i = list; i && !upstream_address_ok(i->ai_addr); i = i->ai_next)
		;
	if (i)
		r = getnameinfo(
			i->ai_addr, i->ai_addrlen, ret, INET6_ADDRSTRLEN, NULL, 0, NI_NUMERICHOST);
	freeaddrinfo(list);
	if (!i || r != 0)
		return err_say(e, EHOSTUNREACH,
			"'%s' has only private or special addresses; extra_hosts of its "
			"repository can name one",
			host);
	return 0;
}

int upstream_resolve(
	const struct gate *g, const struct policy_repo *repo, struct upstream *ret, struct err *e)
{
	const char *known = repo->address ? repo->address : repo->host;

	*ret = (struct upstream){.gate = g, .repo = repo};
	if (!upstream_is_address(known))
		return upstream_resolve_name(known, ret->address, e);
	if (strlen(known) >= sizeof(ret->address))
		return err_say(e, EINVAL, "'%s' is too long for an address", known);
	memcpy(ret->address, known, strlen(known) + 1);
	return 0;
}

static int list_refs(const struct upstream *u, struct refs *ret, struct err *e)
{
	const char *const args[] = {"ls-remote", "--symref", "--", u->repo->url, NULL};
	struct git_job job = {.gate = u->gate, .repo = u->repo, .upstream = u, .args = args};
	cleanup_git_result struct git_result res = {0};
	int r = https_reach(u, e);

	if (r == 0)
		r = git_must(&job, &res, e);
	return r < 0 ? r : refs_parse(res.out.s, ret, e);
}

int upstream_refs(const struct upstream *u, struct refs *ret, struct err *e)
{
	return u->repo->transport == POLICY_SSH ? ask_refs(u, ret, e) : list_refs(u, ret, e);
}
