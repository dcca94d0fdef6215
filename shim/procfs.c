#include "shim/procfs.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/fd.h"

/* Of every procfs instance (the kernel's PROC_ROOT_INO). */
#define PROC_ROOT_INODE 1

bool procfs_holds(int fd)
{
	struct statfs s;

	return fstatfs(fd, &s) == 0 && s.f_type == PROC_SUPER_MAGIC;
}

bool procfs_is_root(int fd)
{
	struct stat st;

	return procfs_holds(fd) && fstat(fd, &st) == 0 && st.st_ino == PROC_ROOT_INODE;
}

/* Safe as well: procfs_open_file crosses no mount, so what covers a file is not written. */
static int mounted(struct err *e)
{
	cleanup_fd int fd = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return err_set(e, errno, "open '/proc'");
	if (!procfs_is_root(fd))
		return err_say(e, EPERM, "'/proc' is not the root of a procfs");
	return steal_fd(&fd);
}

int procfs_open(struct err *e)
{
	cleanup_fd int fs = fsopen("proc", FSOPEN_CLOEXEC);
	int fd;

	if (fs < 0)
		return errno == EPERM ? mounted(e)
				      : err_set(e, errno, "open the file system 'proc'");
	if (fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		return errno == EPERM ? mounted(e) : err_set(e, errno, "make a procfs instance");
	fd = fsmount(fs, FSMOUNT_CLOEXEC, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC);
	if (fd < 0)
		return errno == EPERM ? mounted(e) : err_set(e, errno, "mount a procfs instance");
	return fd;
}

int procfs_open_file(int proc, const char *path, int flags, struct err *e)
{
	struct open_how how = {
		.flags = (uint64_t)(flags | O_CLOEXEC),
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_XDEV,
	};
	int fd = (int)syscall(SYS_openat2, proc, path, &how, sizeof(how));

	return fd < 0 ? err_set(e, errno, "open /proc/%s", path) : fd;
}
