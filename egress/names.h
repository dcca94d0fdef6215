#ifndef EGRESS_NAMES_H
#define EGRESS_NAMES_H

#include <netinet/in.h>

#include "base/err.h"
#include "bundle/policy.h"
#include "egress/dns.h"

/*
 * The agent's name service: every name has an address of a private pool, and every address of the
 * pool stands for one name, for the bottle's life. It never asks anybody. Where a name stands in
 * the pool follows from the name and a seed (the CA's fingerprint), so that a restarted egress
 * gives the same answers.
 */
struct names;

/* seed: text, copied. */
int names_new(const char *seed, struct names **ret, struct err *e);
void names_free(struct names *n);

/*
 * Answers one message of the agent into ret (DNS_UDP_MAX bytes). policy tells the names of the
 * sidecar and the agent. Length of the answer; 0: drop it.
 */
size_t names_answer(struct names *n, const struct policy_egress *policy, const unsigned char *p,
	size_t len, unsigned char *ret);

/* Whether the address lies in the pool. */
bool names_in_pool(struct in_addr a);

/* The name that was given this address of the pool; NULL: none was, since we began. Borrowed, until
 * the next name is given one. */
const char *names_of(const struct names *n, struct in_addr a);

/*
 * Whether that address of the pool is the name's. A name not yet given out gets its address now:
 * after a restart an agent may still use what it was told before.
 */
bool names_agree(struct names *n, struct in_addr a, const char *name);

#endif
