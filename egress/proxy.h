#ifndef EGRESS_PROXY_H
#define EGRESS_PROXY_H

#include <stdbool.h>

#include <openssl/ssl.h>

#include "base/buf.h"
#include "base/component.h"
#include "bundle/policy.h"
#include "egress/address.h"
#include "egress/refusal.h"
#include "egress/trust.h"

/*
 * The proxy of the operator's network (egress.upstream_proxy), by which upstreams are reached where
 * nothing else leads out: a tunnel for each connection (CONNECT, RFC 9110 section 9.3.6), also for
 * plain HTTP. It resolves the upstream's name, so that no address of it can be checked here; what
 * TLS promises holds as ever, since it is made inside the tunnel.
 */
struct proxy;

/* From the policy (borrowed); boot lends the credential (copied). */
int proxy_new(const struct policy_proxy *policy, const struct component_boot *boot,
	struct proxy **ret, struct err *e);
void proxy_free(struct proxy *p); /* wipes */

/* Whether this upstream is reached by it, and not directly. */
bool proxy_serves(const struct proxy *p, const char *host);

/*
 * Whether the proxy may be asked for the upstream's name although nobody here sees its address: not
 * for names that are special by themselves (RFC 6761, the clouds' metadata), unless the route has
 * `addresses`. 0, or -EACCES and *why.
 */
int proxy_check_name(const struct policy_route *route, const char *host, struct refusal *why);

/* "name:port", for messages. */
const char *proxy_name(const struct proxy *p);
const char *proxy_host(const struct proxy *p); /* normalised, to be resolved; "" for an address */
const struct address *proxy_address(const struct proxy *p); /* NULL for a name */
uint16_t proxy_port(const struct proxy *p);
bool proxy_is_tls(const struct proxy *p);

/* A session with the proxy itself (https://), that verifies its certificate. The caller frees it.
 */
int proxy_session(struct proxy *p, struct trust *trust, SSL **ret, struct err *e);

/* The request for a tunnel, with the credential. 0 or -ENOMEM. */
int proxy_ask(const struct proxy *p, const char *host, uint16_t port, struct buf *out);

/*
 * Takes the answer out of `in`; what stands behind it is the upstream's. 1: the tunnel stands; 0:
 * it is not all there; -EACCES: *why, without a word of the proxy's own. *scanned starts as 0.
 */
int proxy_take_answer(const struct proxy *p, struct buf *in, size_t *scanned, struct refusal *why);

#endif
