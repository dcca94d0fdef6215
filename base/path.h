#ifndef BASE_PATH_H
#define BASE_PATH_H

#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"

/*
 * Paths. Inside anything that a container controls (rootfs, image, workspace) only the *_in_root
 * functions: openat2(2) with RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS, so that no symlink leads out.
 */

/* Opens `path` as seen from rootfd. flags as open(2) (O_CLOEXEC is added). fd or -errno. */
int path_open_in_root(int rootfd, const char *path, int flags, mode_t mode);

/*
 * Makes the directories of `path` below rootfd as far as they are missing, and opens the last one
 * with O_PATH|O_DIRECTORY. fd or -errno.
 */
int path_mkdir_in_root(int rootfd, const char *path, mode_t mode);

/* Reads a regular file below rootfd, at most max bytes; NUL-terminated, caller frees. */
int path_read_in_root(
	int rootfd, const char *path, size_t max, char **ret_data, size_t *ret_len, struct err *e);

/* Host side: mkdir -p. */
int path_mkdir_p(const char *path, mode_t mode, struct err *e);

/*
 * Host side, in a directory that a lock of ours keeps others from: writes a file whole by way of
 * NAME.new, without fsync. A sudden end can leave NAME.new there, never a part of NAME.
 */
int path_replace_file(
	int dirfd, const char *name, const void *data, size_t len, mode_t mode, struct err *e);

/*
 * Host side: writes a file whole, without fsync: a new one has no name before (where the file
 * system has O_TMPFILE), one that is there is replaced by way of a temporary name.
 */
int path_write_file(
	int dirfd, const char *name, const void *data, size_t len, mode_t mode, struct err *e);

/*
 * Host side: removes NAME below dirfd with everything in it; never crosses into another file system
 * and never follows a symlink. A missing one is success.
 */
int path_remove_tree(int dirfd, const char *name, struct err *e);

/*
 * As sshd's StrictModes: the file and each directory above it (up to /) belongs to root or to uid,
 * and nobody else can write it; a sticky directory (/tmp) passes. Symlinks on the way are followed,
 * and must belong to the same, in directories of which the same holds. -EPERM names the offender.
 */
int path_check_strict(const char *path, uid_t uid, struct err *e);

/* "/proc/self/fd/N" into buf (at least 32 bytes). */
const char *path_of_fd(int fd, char *buf, size_t size);

#endif
