#ifndef SHIM_DEVICE_H
#define SHIM_DEVICE_H

#include <stdbool.h>

#include "base/err.h"
#include "bundle/oci.h"

/*
 * /dev of the container: the devices that every container has, those of config.json, and the links
 * (runtime-spec config-linux.md, "Default Devices" and "Dev symbolic links"). Nothing is done when
 * config.json binds a /dev of its own. Where mknod(2) is not allowed (in a user namespace) the
 * host's nodes are bound.
 */
int device_make_all(int rootfd, const struct oci *oci, bool user_namespace, struct err *e);

#endif
