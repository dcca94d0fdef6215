#ifndef GATE_HTTPS_H
#define GATE_HTTPS_H

#include <stdbool.h>

#include "base/err.h"
#include "gate/upstream.h"

/*
 * An upstream over https: git's own git-remote-https, told by configuration in its environment
 * whom to dial and whom to believe. The token is not in it: when the upstream wants one, git asks
 * the credential helper, which is this program (gate/credential.h).
 */

/*
 * Adds this configuration (git-config(1), GIT_CONFIG_COUNT): the checked address and no other, no
 * redirect, these authorities, the policy's idle limit. u->repo is an https one. 0 or -ENOMEM.
 */
int https_configure(char ***env, const struct upstream *u);

/*
 * Whether somebody listens there: libcurl, as git uses it, would wait for minutes. -errno when
 * nobody has answered within the policy's connect_timeout_s.
 */
int https_reach(const struct upstream *u, struct err *e);

/*
 * What git's complaints mean for who wrote the manifest, in one sentence; NULL when git's own words
 * are the best there are. complaints: its standard error. Caller frees.
 */
char *https_explain(const struct gate *g, const struct policy_repo *repo, const char *complaints);

/*
 * Whether the complaints tell a refusal by HTTP or TLS: what was asked for has not been done, and
 * will not be.
 */
bool https_is_refusal(const char *complaints);

#endif
