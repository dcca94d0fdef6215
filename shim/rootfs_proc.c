#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/path.h"
#include "base/str.h"
#include "shim/procfs.h"
#include "shim/rootfs.h"

/* The files of statistics over which others may be laid (lxcfs). */
static const char *const statistics[] = {"/proc/cpuinfo", "/proc/diskstats", "/proc/loadavg",
	"/proc/meminfo", "/proc/net/dev", "/proc/slabinfo", "/proc/stat", "/proc/swaps",
	"/proc/sys/crypto/fips_enabled", "/proc/sys/kernel/ns_last_pid", "/proc/uptime", NULL};

static bool same_file(int fd, int other)
{
	struct stat a, b;

	return other >= 0 && fstat(fd, &a) == 0 && fstat(other, &b) == 0 && a.st_dev == b.st_dev &&
	       a.st_ino == b.st_ino;
}

static bool is_statistics(const struct rootfs *r, int target)
{
	for (int i = 0; statistics[i]; i++) {
		cleanup_fd int fd = path_open_in_root(r->fd, statistics[i], O_PATH, 0);

		if (same_file(target, fd))
			return true;
	}
	return false;
}

/* "/proc" of the root, before procfs is there. */
static bool is_place_of_proc(const struct rootfs *r, int target)
{
	cleanup_fd int fd =
		r->proc_mounted ? -1 : path_open_in_root(r->fd, "/proc", O_PATH | O_NOFOLLOW, 0);

	return same_file(target, fd);
}

int rootfs_check_proc(
	struct rootfs *r, const struct oci_mount *m, int mount, int target, struct err *e)
{
	bool below = procfs_holds(target), root = below && procfs_is_root(target);

	if (below && !root) {
		if (is_statistics(r, target))
			return 0;
		return err_say(e, EPERM, "\"%s\" cannot be mounted because it is inside /proc",
			m->destination);
	}
	if (!root && !is_place_of_proc(r, target))
		return 0;
	if (!procfs_is_root(mount))
		return err_say(e, EPERM, "\"%s\" cannot be mounted because it is not of type proc",
			m->destination);
	r->proc_mounted = true;
	return 0;
}
