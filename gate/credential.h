#ifndef GATE_CREDENTIAL_H
#define GATE_CREDENTIAL_H

#include <stdbool.h>
#include <stddef.h>

#include "bundle/policy.h"

/*
 * This program as git's credential helper (gitcredentials(7), git-credential(1)): `get` for exactly
 * the protocol, host and port of the repository that git was started for is answered with its
 * user and token, everything else with nothing. The token goes from its file to git's pipe: it is
 * in no argument, variable, error or log. Returns the exit status.
 */
int credential_main(int argc, char **argv);

/* Whether what git wrote ("NAME=value" lines) asks for the credential of this repository. */
bool credential_is_for(const struct policy_repo *repo, const char *text);

#endif
