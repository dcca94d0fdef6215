#ifndef SHIM_MOUNT_COPYUP_H
#define SHIM_MOUNT_COPYUP_H

#include "base/err.h"

/*
 * tmpcopyup: copies what lies below the directory `from` (an O_PATH descriptor in the container's
 * root) into the new file system `to`, before it covers it. Regular files, directories and symlinks
 * with owner and mode; never follows a symlink, never leaves the file system of `from`, at most
 * COPY_UP_MAX bytes.
 */
#define COPY_UP_MAX (1ULL << 30)

int mount_copy_up(int from, int to, struct err *e);

#endif
