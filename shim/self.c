#include "shim/self.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/mount.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/ptr.h"
#include "base/str.h"

#define SELF_MEMFD "bottle-shim"

extern char **environ;

static char self_path[PATH_MAX];

/* From the first to behind the last string: one block each (execve(2)). */
struct block {
	char *from;
	size_t len;
};

static struct block arguments, environment;

static struct block block_of(char **strings)
{
	size_t last = 0;

	if (!strings[0])
		return (struct block){0};
	while (strings[last + 1])
		last++;
	return (struct block){
		strings[0], (size_t)(strings[last] - strings[0]) + strlen(strings[last])};
}

void self_hide_arguments(void)
{
	static const char title[] = "bottle-init";

	if (arguments.len < sizeof(title))
		return;
	memset(arguments.from, 0, arguments.len);
	memcpy(arguments.from, title, sizeof(title));
	prctl(PR_SET_NAME, title, 0, 0, 0);
}

void self_hide_environment(void)
{
	if (environment.len)
		memset(environment.from, 0, environment.len);
}

/* An executable descriptor of a private read-only mount of the file; needs CAP_SYS_ADMIN. */
static int read_only_mount(const char *path)
{
	struct mount_attr attr = {.attr_set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID};
	cleanup_fd int fd =
		(int)syscall(SYS_open_tree, AT_FDCWD, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);

	if (fd < 0)
		return -errno;
	if (syscall(SYS_mount_setattr, fd, "", AT_EMPTY_PATH, &attr, sizeof(attr)) < 0)
		return -errno;
	return steal_fd(&fd);
}

/* Without privilege: a sealed copy in memory. */
static int sealed_copy(const char *path)
{
	cleanup_fd int from = open(path, O_RDONLY | O_CLOEXEC);
	cleanup_fd int to = memfd_create(SELF_MEMFD, MFD_CLOEXEC | MFD_ALLOW_SEALING);
	struct stat st;
	off_t left;

	if (from < 0 || to < 0 || fstat(from, &st) < 0)
		return -errno;
	for (left = st.st_size; left > 0;) {
		ssize_t n = sendfile(to, from, NULL, (size_t)left);

		if (n <= 0)
			return n < 0 ? -errno : -EIO;
		left -= n;
	}
	if (fchmod(to, 0500) < 0 ||
		fcntl(to, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL) <
			0)
		return -errno;
	return steal_fd(&to);
}

/*
 * A file that is the root of its mount has the path "/", one in memory says so. Others can have
 * such a path, too, so that it counts only with what makes it safe.
 */
static bool is_copy(const char *exe)
{
	struct statvfs s;
	cleanup_fd int fd = -1;

	if (strcmp(exe, "/") == 0)
		return statvfs("/proc/self/exe", &s) == 0 && (s.f_flag & ST_RDONLY);
	if (!str_starts(exe, "/memfd:" SELF_MEMFD))
		return false;
	fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	return fd >= 0 && fcntl(fd, F_GET_SEALS) >= 0 && (fcntl(fd, F_GET_SEALS) & F_SEAL_WRITE);
}

int self_protect(char **argv, struct err *e)
{
	cleanup_fd int fd = -1;
	char path[PATH_MAX];
	ssize_t len;

	len = readlink("/proc/self/exe", path, sizeof(path) - 1);
	if (len < 0)
		return err_set(e, errno, "read '/proc/self/exe'");
	path[len] = '\0';
	if (is_copy(path)) {
		snprintf(self_path, sizeof(self_path), "%s", argv[0]);
		arguments = block_of(argv);
		environment = block_of(environ);
		/* Unreadable to what shares a pid namespace with us, as soon as we are in it. */
		if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
			return err_set(e, errno, "prctl PR_SET_DUMPABLE");
		return 0;
	}
	fd = read_only_mount("/proc/self/exe");
	if (fd < 0)
		fd = sealed_copy("/proc/self/exe");
	if (fd < 0)
		return err_set(e, -fd, "protect '%s' from containers", path);
	argv[0] = path;
	syscall(SYS_execveat, fd, "", argv, environ, AT_EMPTY_PATH);
	return err_set(e, errno, "execute '%s' again", path);
}

char *self_directory(void)
{
	char path[PATH_MAX];
	ssize_t len;
	char *slash;

	if (*self_path) {
		snprintf(path, sizeof(path), "%s", self_path);
	} else {
		len = readlink("/proc/self/exe", path, sizeof(path) - 1);
		if (len < 0)
			return NULL;
		path[len] = '\0';
	}
	slash = strrchr(path, '/');
	if (!slash)
		return NULL;
	*slash = '\0';
	return strdup(path);
}
