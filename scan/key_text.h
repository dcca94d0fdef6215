#ifndef SCAN_KEY_TEXT_H
#define SCAN_KEY_TEXT_H

#include <stdbool.h>

#include "base/secret.h"

/* Private keys in PEM form (RFC 7468), as secrets to look for. */

bool scan_is_key(const struct secret *value);

/*
 * What of it is its owner's alone: without the lines "-----BEGIN …" and "-----END …", and, of
 * PKCS #8, without the beginning, which says of what kind it is in the words that every certificate
 * and public key of that kind has, too. The caller ends *ret.
 */
int scan_key_text(const struct secret *pem, struct secret *ret, struct err *e);

#endif
