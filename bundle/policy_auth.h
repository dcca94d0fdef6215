#ifndef BUNDLE_POLICY_AUTH_H
#define BUNDLE_POLICY_AUTH_H

#include "base/err.h"
#include "base/json.h"
#include "bundle/policy.h"

/* The credential of a route, as it travels; private to bundle/. */

void policy_auth_done(struct policy_auth *a);

/* Its members, into the route's object. 0 or -ENOMEM. */
int policy_auth_to_json(const struct policy_auth *a, json_t *route);

/* … and what of it the agent may know: nothing that names a secret. 0 or -ENOMEM. */
int policy_auth_for_agent(const struct policy_auth *a, json_t *route);

/*
 * … and out of it. A slot without a scheme is a Bearer token. What the scheme cannot do without
 * must be there.
 */
int policy_auth_read(const struct json_at *route, struct policy_auth *ret, struct err *e);

/* The word of a manifest for a scheme; false: no such scheme. */
bool policy_auth_parse(const char *name, enum policy_auth_scheme *ret);
#define POLICY_AUTH_WORDS "Bearer, token, basic, header, query, swap, sigv4, oauth, login"

/* One of enum policy_place; 0: no such place. */
unsigned int policy_place_parse(const char *name);
#define POLICY_PLACE_WORDS "header, path, query, body"

/* false: no such grant. */
bool policy_grant_parse(const char *name, enum policy_grant *ret);
#define POLICY_GRANT_WORDS "client_credentials, refresh_token"

#endif
