#ifndef SHIM_MOUNT_SOURCE_H
#define SHIM_MOUNT_SOURCE_H

#include <stddef.h>

#include "base/err.h"
#include "bundle/oci.h"

/*
 * What has to be opened with the host's ids and privileges, by the parent: the sources of bind
 * mounts and the root itself, as detached copies (with another user than the host's root init may
 * not reach them, and only the host can map ids), and device nodes (nobody makes one in a user
 * namespace). Without such a need, or without the privileges, nothing is opened.
 */
struct mount_sources {
	int root;
	int *mounts; /* indexed as oci->mounts, n of them; -1: init makes it itself */
	size_t n;
	int devices; /* as device_nodes_make has it; -1: none */
};

/* The caller ends with mount_sources_done also on failure. */
int mount_sources_open(const struct oci *oci, struct mount_sources *ret, struct err *e);
void mount_sources_done(struct mount_sources *s);

#endif
