#ifndef SHIM_MOUNT_KERNEL_H
#define SHIM_MOUNT_KERNEL_H

#include "shim/mount_options.h"
#include "shim/rootfs.h"

/*
 * File systems of the kernel, whose new instance shows a namespace of the caller's. Where that is
 * not the container's own the kernel refuses one, and what the host has mounted takes its place.
 * The mount has the options' flags. -errno; the error is that of the refusal when nothing does.
 */
int mount_kernel(
	struct rootfs *r, const struct oci_mount *m, const struct mount_options *o, struct err *e);

#endif
