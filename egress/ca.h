#ifndef EGRESS_CA_H
#define EGRESS_CA_H

#include <openssl/ssl.h>

#include "base/err.h"
#include "base/secret.h"

/*
 * The bottle's certificate authority: signs a leaf for each host the agent talks to. One leaf key
 * for the life of the process; the CA's key never leaves it.
 */
struct ca;

/* cert_pem and key_pem as the monitor handed them over (borrowed). */
int ca_new(const struct secret *cert_pem, const struct secret *key_pem, struct ca **ret,
	struct err *e);
void ca_free(struct ca *ca);

/* SHA-256 of the certificate, hexadecimal; borrowed. */
const char *ca_fingerprint(const struct ca *ca);

/*
 * Gives ssl the leaf of `host` (a normalised name): from the cache (256 hosts, least recently used
 * goes first) or newly signed.
 */
int ca_use_leaf(struct ca *ca, const char *host, SSL *ssl, struct err *e);

#endif
