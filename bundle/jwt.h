#ifndef BUNDLE_JWT_H
#define BUNDLE_JWT_H

#include <jansson.h>
#include <stddef.h>

/*
 * JSON web tokens (RFC 7519) as far as a login's files need them: what one says of itself, and one
 * that says something and is worth nothing. Nothing is verified: who may use a token is its
 * issuer's matter.
 */
#define JWT_MAX 16384

/* The claims; new reference. NULL: it is no such token, or one of more than JWT_MAX bytes. */
json_t *jwt_claims(const char *token, size_t len);

/* A token with these claims and no signature; caller frees. NULL when memory ran out. */
char *jwt_made_up(json_t *claims);

#endif
