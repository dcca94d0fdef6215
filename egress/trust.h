#ifndef EGRESS_TRUST_H
#define EGRESS_TRUST_H

#include <openssl/ssl.h>

#include "base/err.h"

/*
 * Whom we believe on the upstream side: the host's trust store, and for a route with private roots
 * those beside it. The store's file is opened before the lock-down and read after it.
 */
struct trust;

/* Opens the host's bundle of roots; none there is no error yet (then nothing verifies). */
int trust_open(struct trust **ret, struct err *e);
void trust_free(struct trust *t);

/* Reads the roots, once. Also done by the first trust_context. */
int trust_load(struct trust *t, struct err *e);

/*
 * A client context that verifies against the store and, when tls_ca is not NULL, the roots of that
 * PEM text. A session that can be resumed is handed to keep, which returns 1 to take it. The caller
 * frees the context (SSL_CTX_free).
 */
typedef int trust_keep_fn(SSL *ssl, SSL_SESSION *session);
int trust_context(
	struct trust *t, const char *tls_ca, trust_keep_fn *keep, SSL_CTX **ret, struct err *e);

#endif
