#include "gate/upstream.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <string.h>

#include "base/ptr.h"
#include "gate/git.h"

static int is_address(const char *text)
{
	struct in6_addr a;

	return inet_pton(AF_INET, text, &a) == 1 || inet_pton(AF_INET6, text, &a) == 1;
}

static int v4_ok(uint32_t a)
{
	return (a >> 24) != 0 && (a >> 24) != 127 && (a >> 16) != 0xa9fe && (a >> 28) < 0xe;
}

int upstream_address_ok(const struct sockaddr *address)
{
	const struct in6_addr *a;
	uint32_t inner;

	if (address->sa_family == AF_INET)
		return v4_ok(ntohl(((const struct sockaddr_in *)address)->sin_addr.s_addr));
	if (address->sa_family != AF_INET6)
		return 0;
	a = &((const struct sockaddr_in6 *)address)->sin6_addr;
	if (IN6_IS_ADDR_V4MAPPED(a)) {
		memcpy(&inner, &a->s6_addr[12], sizeof(inner));
		return v4_ok(ntohl(inner));
	}
	return !IN6_IS_ADDR_UNSPECIFIED(a) && !IN6_IS_ADDR_LOOPBACK(a) &&
	       !IN6_IS_ADDR_LINKLOCAL(a) && !IN6_IS_ADDR_MULTICAST(a);
}

static int ask_names(struct upstream *u, struct err *e)
{
	const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_ADDRCONFIG};
	struct addrinfo *list = NULL, *i;
	int r = getaddrinfo(u->repo->host, NULL, &hints, &list);

	if (r != 0)
		return err_say(
			e, EHOSTUNREACH, "'%s' has no address: %s", u->repo->host, gai_strerror(r));
	for (i = list; i && !upstream_address_ok(i->ai_addr); i = i->ai_next)
		;
	if (i)
		r = getnameinfo(i->ai_addr, i->ai_addrlen, u->address, sizeof(u->address), NULL, 0,
			NI_NUMERICHOST);
	freeaddrinfo(list);
	if (!i || r != 0)
		return err_say(e, EHOSTUNREACH,
			"'%s' has only loopback or link-local addresses; extra_hosts of its "
			"repository can name one",
			u->repo->host);
	return 0;
}

int upstream_resolve(
	const struct gate *g, const struct policy_repo *repo, struct upstream *ret, struct err *e)
{
	const char *known = repo->address ? repo->address : repo->host;

	*ret = (struct upstream){.gate = g, .repo = repo};
	if (!is_address(known))
		return ask_names(ret, e);
	if (strlen(known) >= sizeof(ret->address))
		return err_say(e, EINVAL, "'%s' is too long for an address", known);
	memcpy(ret->address, known, strlen(known) + 1);
	return 0;
}

int upstream_refs(const struct upstream *u, struct refs *ret, struct err *e)
{
	const char *const args[] = {"ls-remote", "--symref", "--", u->repo->url, NULL};
	struct git_job job = {.gate = u->gate, .repo = u->repo, .upstream = u, .args = args};
	cleanup_git_result struct git_result res = {0};
	int r = git_must(&job, &res, e);

	return r < 0 ? r : refs_parse(res.out.s, ret, e);
}
