#ifndef CONTROL_ROOTLESS_H
#define CONTROL_ROOTLESS_H

#include <stdbool.h>

#include <jansson.h>

#include "control/hostroot.h"

/* `bottle run` of an ordinary user: what his container has that root's has not. */

/*
 * config.json's linux.uidMappings and gidMappings: the user as himself, so that his files stay his,
 * and below him some of his subordinate ids, of which the first is the container's root. Without
 * any the user alone; the runtime tells what is missing. New references, NULL when memory ran out.
 */
json_t *rootless_uid_maps(const struct hostroot_user *user);
json_t *rootless_gid_maps(const struct hostroot_user *user);

/* Whether the runtime can make a cgroup with limits: for root, or below a delegated v2 group. */
bool rootless_may_limit(void);

#endif
