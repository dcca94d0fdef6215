#ifndef SHIM_CA_H
#define SHIM_CA_H

#include "base/err.h"
#include "base/secret.h"

/*
 * The certificate authority of one bottle, made at its start and gone with it: EC P-256, signed by
 * itself, valid from a day ago (clocks differ) for CA_DAYS. Linked into the monitor only.
 */
#define CA_DAYS 90

struct ca {
	char *cert_pem;	      /* owned */
	struct secret key;    /* PKCS#8 PEM; never on disk */
	char fingerprint[96]; /* SHA-256 of the certificate, "AB:CD:…" */
};

/* The subject is "bottle SLUG CA". The caller ends it with ca_done. */
int ca_make(const char *slug, struct ca *ret, struct err *e);
void ca_done(struct ca *ca);

#endif
