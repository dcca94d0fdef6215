#include "base/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/ptr.h"

void fd_close(int *fd)
{
	int saved = errno;

	if (*fd >= 0)
		close(*fd);
	*fd = -1;
	errno = saved;
}

int fd_write_all(int fd, const void *data, size_t len)
{
	const char *p = data;

	while (len > 0) {
		ssize_t n = write(fd, p, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		p += n;
		len -= (size_t)n;
	}
	return 0;
}

ssize_t fd_read_full(int fd, void *buf, size_t len)
{
	size_t got = 0;

	while (got < len) {
		ssize_t n = read(fd, (char *)buf + got, len - got);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		got += (size_t)n;
	}
	return (ssize_t)got;
}

bool fd_read_sized(int fd, size_t size, char **ret)
{
	cleanup_free char *data = malloc(size + 1);

	/* A byte more than it should hold: a file that is as long as it says ends there. */
	if (!data || pread(fd, data, size + 1, 0) != (ssize_t)size)
		return false;
	data[size] = '\0';
	*ret = steal_ptr(&data);
	return true;
}

int fd_read_all(
	int fd, const char *name, size_t max, char **ret_data, size_t *ret_len, struct err *e)
{
	cleanup_free char *data = NULL;
	size_t cap = 4096, len = 0;

	for (;;) {
		char *grown;
		ssize_t n;

		if (cap > max + 1)
			cap = max + 1;
		/* One byte more than the content, for the NUL. */
		grown = realloc(data, cap + 1);
		if (!grown)
			return err_set(e, ENOMEM, "read '%s'", name);
		data = grown;
		n = fd_read_full(fd, data + len, cap - len);
		if (n < 0)
			return err_set(e, (int)-n, "read '%s'", name);
		len += (size_t)n;
		if (len > max)
			return err_say(
				e, EFBIG, "'%s' is longer than the %zu bytes allowed", name, max);
		if (len < cap)
			break;
		cap *= 2;
	}
	data[len] = '\0';
	*ret_data = steal_ptr(&data);
	if (ret_len)
		*ret_len = len;
	return 0;
}

ssize_t fd_read_short(int dirfd, const char *path, char *buf, size_t size)
{
	cleanup_fd int fd = openat(dirfd, path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	ssize_t n;

	if (fd < 0)
		return -errno;
	do {
		n = read(fd, buf, size - 1);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	buf[n] = '\0';
	return n;
}

int fd_read_file(
	int dirfd, const char *path, size_t max, char **ret_data, size_t *ret_len, struct err *e)
{
	cleanup_fd int fd = openat(dirfd, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat st;

	if (fd < 0)
		return err_set(e, errno, "open '%s'", path);
	if (fstat(fd, &st) < 0)
		return err_set(e, errno, "stat '%s'", path);
	if (!S_ISREG(st.st_mode))
		return err_say(e, S_ISDIR(st.st_mode) ? EISDIR : EINVAL,
			"'%s' is not a regular file", path);
	if (st.st_size > 0 && (size_t)st.st_size <= max &&
		fd_read_sized(fd, (size_t)st.st_size, ret_data)) {
		if (ret_len)
			*ret_len = (size_t)st.st_size;
		return 0;
	}
	return fd_read_all(fd, path, max, ret_data, ret_len, e);
}

int fd_write_file(int dirfd, const char *path, const char *text, struct err *e)
{
	cleanup_fd int fd = openat(dirfd, path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
	size_t len = strlen(text);

	if (fd < 0)
		return err_set(e, errno, "open '%s'", path);
	/* The kernel parses each write by itself: one call, never resumed. */
	if (write(fd, text, len) != (ssize_t)len)
		return err_set(e, errno, "write '%s' to '%s'", text, path);
	return 0;
}

int fd_move_above(int fd, int min)
{
	int moved;

	if (fd >= min)
		return fd;
	moved = fcntl(fd, F_DUPFD_CLOEXEC, min);
	if (moved < 0)
		return -errno;
	close(fd);
	return moved;
}

static int set_flag(int fd, int get, int set, int flag, int on)
{
	int flags = fcntl(fd, get);

	if (flags < 0)
		return -errno;
	if (fcntl(fd, set, on ? flags | flag : flags & ~flag) < 0)
		return -errno;
	return 0;
}

int fd_set_cloexec(int fd, int on)
{
	return set_flag(fd, F_GETFD, F_SETFD, FD_CLOEXEC, on);
}

int fd_set_nonblock(int fd, int on)
{
	return set_flag(fd, F_GETFL, F_SETFL, O_NONBLOCK, on);
}

int fd_memfd(const char *name, const void *data, size_t len, struct err *e)
{
	cleanup_fd int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
	int r;

	if (fd < 0)
		return err_set(e, errno, "memfd_create '%s'", name);
	r = fd_write_all(fd, data, len);
	if (r < 0)
		return err_set(e, -r, "fill memfd '%s'", name);
	if (lseek(fd, 0, SEEK_SET) < 0 ||
		fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL) <
			0)
		return err_set(e, errno, "seal memfd '%s'", name);
	return steal_fd(&fd);
}
