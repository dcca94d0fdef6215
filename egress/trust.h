#ifndef EGRESS_TRUST_H
#define EGRESS_TRUST_H

#include <openssl/ssl.h>

#include "base/err.h"
#include "base/secret.h"

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

/* A session that can be resumed is handed over; 1 to take it. */
typedef int trust_keep_fn(SSL *ssl, SSL_SESSION *session);

/* What a client context is made of; all borrowed. */
struct trust_want {
	const char *tls_ca;	      /* PEM text of roots beside the store's, or NULL */
	const char *tls_cert;	      /* PEM text of our own certificate and its chain, or NULL */
	const struct secret *tls_key; /* … and its key, PEM */
	trust_keep_fn *keep;	      /* NULL: nothing is resumed */
};

/*
 * A client context for TLS 1.2 and 1.3 that verifies. The caller frees it (SSL_CTX_free). Who has
 * one has the identity in it: it is not to be shared with a route that has another.
 */
int trust_context(struct trust *t, const struct trust_want *want, SSL_CTX **ret, struct err *e);

/* Whether certificate and key are ones, and belong together. -EINVAL with the reason. */
int trust_check_client(const char *tls_cert, const struct secret *tls_key, struct err *e);

#endif
