#include "egress/names.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/sha.h>

#include "base/ptr.h"
#include "base/str.h"

/* 198.18.0.0/15 (RFC 2544: nobody's on the Internet), without 198.19.255.0/24, the link's. */
#define POOL_FIRST 0xc6120000U
#define POOL_SIZE  (0x20000U - 0x100U)

/* What an agent can make us remember: with more names than that it gets SERVFAIL. */
#define TEXT_MAX (2U << 20)

#define SIDECAR_NAMES "egress", "git-gate", "supervise", "pipelock"

struct names {
	char *seed;
	uint32_t *slots; /* POOL_SIZE of them: offset into text plus 1; 0: free */
	size_t used;
	char *text; /* names, NUL behind each */
	size_t text_len, text_cap;
};

int names_new(const char *seed, struct names **ret, struct err *e)
{
	struct names *n = calloc(1, sizeof(*n));

	if (n) {
		n->seed = strdup(seed);
		n->slots = calloc(POOL_SIZE, sizeof(*n->slots));
	}
	if (!n || !n->seed || !n->slots) {
		names_free(n);
		return err_set(e, ENOMEM, "the name service");
	}
	*ret = n;
	return 0;
}

void names_free(struct names *n)
{
	if (!n)
		return;
	free(n->seed);
	free(n->slots);
	free(n->text);
	free(n);
}

bool names_in_pool(struct in_addr a)
{
	uint32_t i = ntohl(a.s_addr) - POOL_FIRST;

	return i < POOL_SIZE;
}

/* Where a name's search begins. The seed keeps an agent from filling one corner of the pool. */
static uint32_t place_of(const struct names *n, const char *name)
{
	cleanup_free char *text = str_format("%s/%s", n->seed, name);
	unsigned char md[SHA256_DIGEST_LENGTH];
	uint32_t h;

	if (!text)
		return 0;
	SHA256((const unsigned char *)text, strlen(text), md);
	memcpy(&h, md, sizeof(h));
	return h % POOL_SIZE;
}

static bool remember(struct names *n, uint32_t slot, const char *name)
{
	size_t len = strlen(name) + 1, cap = n->text_cap ? n->text_cap : 4096;
	char *text;

	if (n->text_len + len > TEXT_MAX)
		return false;
	while (cap < n->text_len + len)
		cap *= 2;
	if (cap != n->text_cap) {
		text = realloc(n->text, cap);
		if (!text)
			return false;
		n->text = text;
		n->text_cap = cap;
	}
	memcpy(n->text + n->text_len, name, len);
	n->slots[slot] = (uint32_t)n->text_len + 1;
	n->text_len += len;
	n->used++;
	return true;
}

/* The name's address, given out now if it has none. false: the pool is full. */
static bool pool_address(struct names *n, const char *name, struct in_addr *ret)
{
	uint32_t slot = place_of(n, name);

	/* The table of text is full long before the pool: the search is short. */
	for (uint32_t i = 0; i < POOL_SIZE; i++, slot = (slot + 1) % POOL_SIZE) {
		if (n->slots[slot] && strcmp(n->text + n->slots[slot] - 1, name) != 0)
			continue;
		if (!n->slots[slot] && !remember(n, slot, name))
			return false;
		ret->s_addr = htonl(POOL_FIRST + slot);
		return true;
	}
	return false;
}

const char *names_of(const struct names *n, struct in_addr a)
{
	uint32_t i = ntohl(a.s_addr) - POOL_FIRST;

	return i < POOL_SIZE && n->slots[i] ? n->text + n->slots[i] - 1 : NULL;
}

bool names_agree(struct names *n, struct in_addr a, const char *name)
{
	struct in_addr own;

	return pool_address(n, name, &own) && own.s_addr == a.s_addr;
}

/* Names with an address of their own. */
static const char *fixed_address(const struct policy_egress *policy, const char *name)
{
	static const char *const sidecar[] = {SIDECAR_NAMES};

	for (size_t i = 0; i < sizeof(sidecar) / sizeof(*sidecar); i++)
		if (strcmp(sidecar[i], name) == 0)
			return policy->sidecar_address;
	if (strv_has(policy->agent_names, name))
		return policy->agent_address;
	return strcmp(name, "localhost") == 0 ? "127.0.0.1" : NULL;
}

size_t names_answer(struct names *n, const struct policy_egress *policy, const unsigned char *p,
	size_t len, unsigned char *ret)
{
	struct dns_question q;
	struct in_addr a;
	const char *fixed;
	int rcode = dns_parse_question(p, len, &q);

	if (rcode < 0)
		return 0;
	if (rcode != DNS_NOERROR)
		return dns_write_answer(&q, (enum dns_rcode)rcode, NULL, ret);
	/* A name that no host can have gets no address, and the root none either. */
	if (q.odd)
		return dns_write_answer(&q, DNS_NXDOMAIN, NULL, ret);
	if (q.type != DNS_A || !q.name[0])
		return dns_write_answer(&q, DNS_NOERROR, NULL, ret);
	fixed = fixed_address(policy, q.name);
	if (fixed ? inet_pton(AF_INET, fixed, &a) != 1 : !pool_address(n, q.name, &a))
		return dns_write_answer(&q, DNS_SERVFAIL, NULL, ret);
	return dns_write_answer(&q, DNS_NOERROR, &a, ret);
}
