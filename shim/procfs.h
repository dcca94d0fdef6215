#ifndef SHIM_PROCFS_H
#define SHIM_PROCFS_H

#include <stdbool.h>

#include "base/err.h"

/*
 * Files of procfs that the runtime itself writes for a container: what is written there sets limits
 * and labels, so nothing that somebody has mounted over them is trusted.
 */

/* Whether the descriptor is of a procfs; whether it is the root of one. */
bool procfs_holds(int fd);
bool procfs_is_root(int fd);

/*
 * A procfs of the caller's pid namespace: a new instance that is mounted nowhere, so that nothing
 * covers its files; where the kernel refuses one (a user namespace whose /proc is partly covered)
 * the one on /proc, checked to be the root of a procfs. The caller's descriptor.
 */
int procfs_open(struct err *e);

/*
 * Opens `path` (such as "sys/kernel/sem") below procfs_open's. No mount is crossed and no magic
 * link followed: -EXDEV when something lies over it.
 */
int procfs_open_file(int proc, const char *path, int flags, struct err *e);

#endif
