#ifndef EGRESS_CREDENTIAL_H
#define EGRESS_CREDENTIAL_H

#include "base/err.h"
#include "base/secret.h"
#include "bundle/policy.h"

/*
 * The header that carries a route's credential, made once and kept like the secret it is:
 * "Authorization: Bearer VALUE\r\n". Schemes: Bearer and token take the value as it is; basic takes
 * "user:password", or a bare token, for which the user name is x-access-token (git hosts take any).
 *
 * A line end behind the value is dropped (files end with one); any other control character or
 * blank is -EINVAL.
 */
int credential_make(const struct policy_auth *auth, const struct secret *value, struct secret *ret,
	struct err *e);

#endif
