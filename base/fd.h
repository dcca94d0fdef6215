#ifndef BASE_FD_H
#define BASE_FD_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/err.h"

/* Descriptors: every one starts at -1, is close-on-exec from birth, and has one owner. */

void fd_close(int *fd); /* closes if >= 0, sets -1, keeps errno */

static inline void fd_cleanup(int *fd)
{
	fd_close(fd);
}

#define cleanup_fd __attribute__((cleanup(fd_cleanup)))

/* Hands the descriptor on: returns it and leaves -1 behind. */
static inline int steal_fd(int *fd)
{
	int r = *fd;

	*fd = -1;
	return r;
}

/* Writes all of it, through EINTR and short writes. 0 or -errno. */
int fd_write_all(int fd, const void *data, size_t len);

/* Reads until `len` bytes or end of file. The count or -errno. */
ssize_t fd_read_full(int fd, void *buf, size_t len);

/*
 * Reads to the end of file, at most `max` bytes; more is -EFBIG. The result is NUL-terminated
 * behind its length and owned by the caller (free). `name` is for the error.
 */
int fd_read_all(
	int fd, const char *name, size_t max, char **ret_data, size_t *ret_len, struct err *e);

/*
 * Reads a regular file of that size in one call, from its start; the offset stays. False: it is
 * longer or shorter, or memory ran out. The caller owns *ret (free), which has a NUL behind it.
 */
bool fd_read_sized(int fd, size_t size, char **ret);

/*
 * One read(2), NUL-terminated in buf: for the short files of procfs, sysfs and cgroupfs, which the
 * kernel makes in one piece. The length or -errno.
 */
ssize_t fd_read_short(int dirfd, const char *path, char *buf, size_t size);

/*
 * Reads a host file whole: a regular file (or a proc/sysfs file), at most `max` bytes. dirfd
 * AT_FDCWD or a directory. Follows symlinks: never for paths that a container controls.
 */
int fd_read_file(
	int dirfd, const char *path, size_t max, char **ret_data, size_t *ret_len, struct err *e);

/* One write to a proc or sysfs file (open, write, close). 0 or -errno. */
int fd_write_file(int dirfd, const char *path, const char *text, struct err *e);

/* Moves fd to number >= min (close-on-exec kept), closes the old one. New number or -errno. */
int fd_move_above(int fd, int min);

int fd_set_cloexec(int fd, int on);
int fd_set_nonblock(int fd, int on);

/* A sealed (no write, grow, shrink) memfd with these bytes, offset 0. fd or -errno. */
int fd_memfd(const char *name, const void *data, size_t len, struct err *e);

#endif
