#include "shim/seccomp_cache.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/path.h"
#include "base/ptr.h"
#include "base/str.h"

#define CACHE_FILE_MAX (4U << 20)

/* FNV-1a, 64 bits: names files only, the text decides. */
static uint64_t hash(const char *text)
{
	uint64_t h = UINT64_C(0xcbf29ce484222325);

	for (; *text; text++)
		h = (h ^ (unsigned char)*text) * UINT64_C(0x100000001b3);
	return h;
}

static void file_name(const char *rules, char name[32])
{
	snprintf(name, 32, "%016llx.bpf", (unsigned long long)hash(rules));
}

static int open_own_dir(const char *dir)
{
	cleanup_fd int fd = open(dir, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return -errno;
	if (st.st_uid != geteuid() || (st.st_mode & 022))
		return -EPERM;
	return steal_fd(&fd);
}

static int read_own(int dirfd, const char *name, char **ret, size_t *ret_len)
{
	cleanup_fd int fd = openat(dirfd, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode) || st.st_uid != geteuid() || (st.st_mode & 022))
		return -EPERM;
	if (st.st_size > (off_t)CACHE_FILE_MAX || !fd_read_sized(fd, (size_t)st.st_size, ret))
		return -EIO;
	*ret_len = (size_t)st.st_size;
	return 0;
}

int seccomp_cache_get(const char *dir, const char *rules, void **ret_filter, size_t *ret_len)
{
	cleanup_fd int dirfd = open_own_dir(dir);
	cleanup_free char *data = NULL;
	cleanup_free void *filter = NULL;
	size_t len, text_len = strlen(rules) + 1;
	char name[32];

	if (dirfd < 0)
		return 0;
	file_name(rules, name);
	if (read_own(dirfd, name, &data, &len) < 0)
		return 0;
	/* The rules with their NUL, then the filter's instructions to the end of the file. */
	if (len <= text_len || memcmp(data, rules, text_len) != 0)
		return 0;
	filter = malloc(len - text_len);
	if (!filter)
		return 0;
	memcpy(filter, data + text_len, len - text_len);
	*ret_filter = steal_ptr(&filter);
	*ret_len = len - text_len;
	return 1;
}

int seccomp_cache_put(
	const char *dir, const char *rules, const void *filter, size_t len, struct err *e)
{
	cleanup_str struct str data = {0};
	cleanup_fd int dirfd = -1;
	char name[32];
	int r = path_mkdir_p(dir, 0700, e);

	if (r < 0)
		return r;
	dirfd = open_own_dir(dir);
	if (dirfd < 0)
		return err_set(e, -dirfd, "use '%s' as a cache", dir);
	str_add_bytes(&data, rules, strlen(rules) + 1);
	str_add_bytes(&data, filter, len);
	if (data.failed)
		return err_set(e, ENOMEM, "keep a compiled filter");
	file_name(rules, name);
	return path_write_file(dirfd, name, data.s, data.len, 0400, e);
}
