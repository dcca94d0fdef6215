#ifndef SHIM_IDMAP_H
#define SHIM_IDMAP_H

#include <sys/types.h>

#include "base/err.h"
#include "bundle/oci.h"

/* User namespaces' id maps (user_namespaces(7)), and what has to be opened with the host's ids. */

/*
 * Writes the maps of a process that was cloned into a new user namespace. Without privilege a map
 * of more than the caller's own id is written by newuidmap(1) and newgidmap(1).
 */
int idmap_write(pid_t pid, const struct oci *oci, struct err *e);

/* A descriptor of a user namespace that has these maps, for mounts with mapped ids. */
int idmap_namespace(const struct oci_mount *m, const struct oci *oci, struct err *e);

/*
 * The sources of bind mounts and the root itself, opened by the parent, as detached copies: with
 * another user than the host's root init may not reach them, and only the host can map ids.
 * Indexed as oci->mounts; -1: init makes it itself.
 */
struct mount_sources {
	int root;
	int *mounts; /* oci->n_mounts of them */
	size_t n;
};

int mount_sources_open(const struct oci *oci, struct mount_sources *ret, struct err *e);
void mount_sources_done(struct mount_sources *s);

#endif
