#ifndef SHIM_DEVICE_H
#define SHIM_DEVICE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/err.h"
#include "bundle/oci.h"

/*
 * /dev of the container: the devices that every container has, those of config.json, and the links
 * (runtime-spec config-linux.md, "Default Devices" and "Dev symbolic links"). Nothing is done when
 * config.json binds a /dev of its own.
 */

/* In which places a device is made. */
struct device_place {
	int rootfd;
	int nodes;	     /* of device_nodes_make, where mknod(2) is not allowed; or -1 */
	bool user_namespace; /* it is not: without nodes the host's are bound */
};

int device_make_all(const struct device_place *p, const struct oci *oci, struct err *e);

/*
 * The n-th of a container's devices, those of every container that config.json does not tell about
 * and then config.json's; NULL behind the last.
 */
const struct oci_device *device_at(const struct oci *oci, size_t n);

/* S_IFCHR, S_IFBLK or S_IFIFO. */
mode_t device_file_type(const struct oci_device *d);

#endif
