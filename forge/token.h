#ifndef FORGE_TOKEN_H
#define FORGE_TOKEN_H

#include <stdbool.h>

#include "base/err.h"
#include "base/secret.h"
#include "bundle/deploy_key.h"

/*
 * The forge's token of a recorded key, looked up again by its name, in the places of any secret
 * (plan_secret_find). home: the operator's directory, a real path; with_env: the caller's
 * environment is the operator's own.
 */
int token_find(const char *home, const struct plan_deploy_key *k, bool with_env, struct secret *ret,
	struct err *e);

#endif
