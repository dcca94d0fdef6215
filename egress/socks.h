#ifndef EGRESS_SOCKS_H
#define EGRESS_SOCKS_H

#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>

#include "egress/host.h"

/*
 * What a SOCKS5 client says (RFC 1928), read strictly and without state: a greeting, then one
 * request. Of the commands CONNECT alone, of the methods "no authentication" alone: who the agent
 * is, is known. SOCKS4 has no way to say why it is refused, and is.
 */
#define SOCKS4_VERSION	4 /* the first byte, of 4a, too */
#define SOCKS5_VERSION	5
#define SOCKS_REPLY_LEN 10

enum socks_reply {
	SOCKS_GRANTED = 0,
	SOCKS_FAILED = 1,
	SOCKS_NOT_ALLOWED = 2,
	SOCKS_HOST_UNREACHABLE = 4,
	SOCKS_REFUSED = 5, /* by the upstream's host */
	SOCKS_NO_COMMAND = 7,
	SOCKS_NO_ADDRESS_TYPE = 8,
};

struct socks_request {
	char host[HOST_MAX];	/* normalised; "" when an address was asked for */
	struct in_addr address; /* IPv4, in its place */
	uint16_t port;
};

/*
 * The greeting at the front of p. Its length; 0: not all there yet; -EINVAL: none;
 * -ENOTSUP: it offers no method that we have (answer with SOCKS_NO_METHOD).
 */
long socks_take_greeting(const unsigned char *p, size_t len);

/* The answers to it. */
extern const unsigned char socks_no_authentication[2], socks_no_method[2];

/* What a SOCKS4 client is told: rejected. */
extern const unsigned char socks4_rejected[8];

/*
 * The request behind it. Its length; 0: not all there yet; -EINVAL: *ret_reply is to be answered,
 * *ret_why says why, and *ret has what could be read of the host ("" else).
 */
long socks_take_request(const unsigned char *p, size_t len, struct socks_request *ret,
	enum socks_reply *ret_reply, const char **ret_why);

/* The reply, with no address bound: nobody has a use for it. */
void socks_write_reply(enum socks_reply reply, unsigned char ret[SOCKS_REPLY_LEN]);

#endif
