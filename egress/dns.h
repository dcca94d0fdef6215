#ifndef EGRESS_DNS_H
#define EGRESS_DNS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "egress/address.h"

/*
 * DNS messages (RFC 1035, EDNS: RFC 6891), both ways: the agent's questions and our answers, our
 * questions and the upstream's answers. Bounded, without allocation.
 */
#define DNS_UDP_MAX  1232 /* what we say we take, and never exceed */
#define DNS_NAME_MAX 256  /* presentation form and NUL */

enum dns_type { DNS_A = 1, DNS_CNAME = 5, DNS_SOA = 6, DNS_AAAA = 28, DNS_OPT = 41 };
enum dns_rcode { DNS_NOERROR, DNS_FORMERR, DNS_SERVFAIL, DNS_NXDOMAIN, DNS_NOTIMP, DNS_REFUSED };

struct dns_question {
	uint16_t id;
	bool recursion; /* RD, copied into the answer */
	bool edns;
	uint16_t type, class;
	char name[DNS_NAME_MAX];	  /* lower case, dots between labels, none behind */
	bool odd;			  /* the name holds bytes that no host name has */
	unsigned char wire[DNS_NAME_MAX]; /* the name as it came, case kept */
	size_t wire_len;
};

/*
 * The agent's message. An enum dns_rcode: 0 for a question that can be answered, else what to
 * answer (FORMERR, NOTIMP; *ret is filled as far as it goes). -EINVAL: not even a header, or a
 * response: drop it.
 */
int dns_parse_question(const unsigned char *p, size_t len, struct dns_question *ret);

/*
 * The answer, into at most DNS_UDP_MAX bytes. address: the one A record, or NULL for none. Its
 * length.
 */
size_t dns_write_answer(const struct dns_question *q, enum dns_rcode rcode,
	const struct in_addr *address, unsigned char *ret);

/* A question of ours. name is a normalised host name; edns: says that we take DNS_UDP_MAX bytes,
 * which old servers do not understand. Its length; at most DNS_UDP_MAX. */
size_t dns_write_question(
	uint16_t id, const char *name, enum dns_type type, bool edns, unsigned char *ret);

/* What came back for it. */
struct dns_result {
	enum dns_rcode rcode;
	bool truncated; /* ask again over TCP */
	struct address list[8];
	size_t n;
};

/*
 * Checks that the message answers that question (id, name, type), follows its CNAMEs and collects
 * the addresses at their end. 0, or -EINVAL: it answers something else or is malformed; go on
 * waiting.
 */
int dns_parse_answer(const unsigned char *p, size_t len, uint16_t id, const char *name,
	enum dns_type type, struct dns_result *ret);

#endif
