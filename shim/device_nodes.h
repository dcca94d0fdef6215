#ifndef SHIM_DEVICE_NODES_H
#define SHIM_DEVICE_NODES_H

#include <stddef.h>

#include "base/err.h"
#include "bundle/oci.h"

/*
 * The device nodes of a container with a user namespace, where mknod(2) is not allowed: made by the
 * parent with the host's privileges, in a file system of their own that is attached nowhere. They
 * are the container's alone, unlike the host's nodes: owner and mode are as config.json says.
 */

/*
 * *ret: the detached mount, the caller's; -1: the host does not let us make nodes either. The ids
 * are those of the container's map, -EINVAL for one that it lacks.
 */
int device_nodes_make(const struct oci *oci, int *ret, struct err *e);

/*
 * In the container's mount namespace: covers the root `rootfd` with the nodes while they are bound
 * from there, since Linux before 6.15 copies no mount that is attached nowhere; and away again.
 */
int device_nodes_attach(int nodes, int rootfd, struct err *e);
int device_nodes_detach(int nodes, struct err *e);

/* A detached mount of the n-th device of device_at. */
int device_nodes_open(int nodes, size_t n, struct err *e);

#endif
