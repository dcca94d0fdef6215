#ifndef BUNDLE_KEYSTORE_H
#define BUNDLE_KEYSTORE_H

#include "base/buf.h"

/*
 * Roots of trust in the form that Java takes them in: a PKCS #12 store (RFC 7292) of certificates
 * alone, without a password, a MAC or encryption, each marked as trusted by the attribute that
 * OpenJDK looks for ("trustedKeyUsage", any). JDK 8u301 and newer read it wherever they expect
 * their `cacerts`.
 *
 * From PEM text: each "CERTIFICATE" of it that is DER by its first bytes; what is not is left out,
 * as it is hostile input like all of an image. Appends to *ret. 0, -ENOENT when there was no
 * certificate, -ENOMEM.
 */
int keystore_from_pem(const char *pem, struct buf *ret);

/* The next certificate of a PEM text, in base64 without blanks, appended to *ret. Returns where to
 * go on, or NULL when there is none left (or memory ran out: *ret is empty, then). */
const char *keystore_next_base64(const char *pem, struct buf *ret);

#endif
