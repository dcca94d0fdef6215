#ifndef EGRESS_INTERCEPT_H
#define EGRESS_INTERCEPT_H

#include <stdbool.h>

#include <openssl/ssl.h>

#include "base/err.h"
#include "egress/ca.h"

/*
 * Our side of the agent's TLS connections: TLS 1.2 and 1.3, HTTP/2 and HTTP/1.1 by ALPN. Sessions
 * are resumed by tickets (RFC 5077, RFC 8446 section 4.6.1), each for the host that it was given
 * for and for as long as this process lives; early data is never taken.
 */
int intercept_context(SSL_CTX **ret, struct err *e);

/*
 * A server session with the leaf of `host`, which must outlive it. The handshake fails when the TLS
 * library reads another server name out of the hello than we did. The caller frees it (SSL_free).
 */
int intercept_session(SSL_CTX *ctx, struct ca *ca, const char *host, SSL **ret, struct err *e);

/* Whether the handshake ended with HTTP/2 (RFC 7301). */
bool intercept_chose_http2(const SSL *ssl);

/* A fatal alert (RFC 8446 section 6: unrecognized_name) for a hello that is not answered. */
extern const unsigned char intercept_alert[7];

#endif
