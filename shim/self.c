#include "shim/self.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/mount.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/ptr.h"
#include "base/str.h"

/* How the copy learns where the program lives: its own /proc/self/exe has no path. */
#define SELF_PATH_VARIABLE "_BOTTLE_SHIM_PATH"

extern char **environ;

static char self_path[PATH_MAX];

/* An executable descriptor of a private read-only mount of the file; needs CAP_SYS_ADMIN. */
static int read_only_mount(const char *path)
{
	struct mount_attr attr = {.attr_set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID};
	cleanup_fd int fd = (int)syscall(
		SYS_open_tree, AT_FDCWD, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);

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
	cleanup_fd int to = memfd_create("bottle-shim", MFD_CLOEXEC | MFD_ALLOW_SEALING);
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
		fcntl(to, F_ADD_SEALS,
			F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL) < 0)
		return -errno;
	return steal_fd(&to);
}

/* In the copy: takes the path out of the environment, which a container would inherit. */
static int take_path(const char *path)
{
	snprintf(self_path, sizeof(self_path), "%s", path);
	return unsetenv(SELF_PATH_VARIABLE) < 0 ? -errno : 0;
}

int self_protect(char **argv, struct err *e)
{
	const char *known = getenv(SELF_PATH_VARIABLE);
	cleanup_fd int fd = -1;
	char path[PATH_MAX];
	ssize_t len;

	/* Unreadable to what shares a pid namespace with us, as soon as we are in it. */
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
		return err_set(e, errno, "prctl PR_SET_DUMPABLE");
	if (known)
		return take_path(known) < 0 ? err_set(e, EINVAL, "unset a variable") : 0;
	len = readlink("/proc/self/exe", path, sizeof(path) - 1);
	if (len < 0)
		return err_set(e, errno, "read '/proc/self/exe'");
	path[len] = '\0';
	fd = read_only_mount("/proc/self/exe");
	if (fd < 0)
		fd = sealed_copy("/proc/self/exe");
	if (fd < 0)
		return err_set(e, -fd, "protect '%s' from containers", path);
	if (setenv(SELF_PATH_VARIABLE, path, 1) < 0)
		return err_set(e, errno, "set a variable");
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
