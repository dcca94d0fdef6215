#ifndef SCAN_VALIDATOR_H
#define SCAN_VALIDATOR_H

#include <stdbool.h>
#include <stddef.h>

#include "scan/ruleset.h"

/*
 * Whether what can be computed of a secret is right:
 * RULE_VALID_GITHUB: its last six characters are the CRC-32, in base62, of those between them and
 *   the last '_' (github.blog, "Behind GitHub's new authentication token formats"; npm, too);
 * RULE_VALID_LUHN: 12 to 19 digits with blanks or hyphens (ISO/IEC 7812-1), not all the same;
 * RULE_VALID_IBAN: ISO 13616: the country's length, and 1 modulo 97; with blanks;
 * RULE_VALID_JWT: RFC 7515: parts joined by dots, of which the first is base64url of a JSON object
 *   that has "alg" (what follows may be cut off);
 * RULE_VALID_BIP39: scan/bip39.h;
 * RULE_VALID_AWS: four characters, then 16 of base32, of which 40 bits are an account's number of
 *   at most 12 digits (new ids; old ones have it not, and say so in their first bit).
 * RULE_VALID_NONE: true.
 */
bool validator_accepts(enum rule_validator v, const unsigned char *secret, size_t len);

#endif
