#ifndef CONTROL_HOSTROOT_H
#define CONTROL_HOSTROOT_H

#include <sys/types.h>

#include <jansson.h>

#include "base/err.h"

/* Who the agent's processes are. */
struct hostroot_user {
	uid_t uid;
	gid_t gid;
};

#define HOSTROOT_HOME "/home/agent"

/*
 * The root file system of `bottle run`: the host's /usr, of its /etc what programs cannot do
 * without, and nothing else of the host. hostroot_make fills the empty directory dirfd with the
 * skeleton: mount points, the symlinks of a merged /usr, copies of harmless files of /etc, a
 * made-up passwd and group.
 */
int hostroot_make(int dirfd, const struct hostroot_user *user, struct err *e);

/*
 * The mounts that go with it, as config.json has them, and the workspace at its own path. New
 * reference; NULL when memory ran out.
 */
json_t *hostroot_mounts(const char *workspace, const struct hostroot_user *user);

#endif
