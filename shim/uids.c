#include "shim/uids.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/path.h"
#include "base/str.h"
#include "shim/userns.h"

/* Live bottles of a machine are few: low slots are free nearly always. */
#define SLOTS_TRIED 65536U

/*
 * 1 when the slot is ours now, 0 when another holds it. The file may have been removed between
 * open and lock (a tidying operator): then the lock is on a file that nobody else will meet.
 */
static int try_slot(int dirfd, uint32_t slot, int *ret_fd, struct err *e)
{
	char name[16];
	struct stat held, named;
	cleanup_fd int fd = -1;

	snprintf(name, sizeof(name), "%u", slot);
	fd = openat(dirfd, name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return err_set(e, errno, "open '%s' among the uid slots", name);
	if (flock(fd, LOCK_EX | LOCK_NB) < 0)
		return errno == EWOULDBLOCK ? 0 : err_set(e, errno, "lock uid slot %u", slot);
	if (fstat(fd, &held) < 0 || fstatat(dirfd, name, &named, AT_SYMLINK_NOFOLLOW) < 0 ||
		held.st_ino != named.st_ino)
		return 0;
	*ret_fd = steal_fd(&fd);
	return 1;
}

char *uids_directory(void)
{
	const char *runtime_dir = getenv("XDG_RUNTIME_DIR");

	if (runtime_dir && *runtime_dir && userns_is_rootless())
		return str_format("%s/" UIDS_DIR_USER, runtime_dir);
	return strdup(UIDS_DIR);
}

int uids_take(const char *dir, uint32_t first, uint32_t n, struct uids *ret, struct err *e)
{
	uint32_t slots = n / UIDS_PER_SLOT;
	cleanup_fd int dirfd = -1;
	int r = path_mkdir_p(dir, 0700, e);

	if (r < 0)
		return r;
	dirfd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dirfd < 0)
		return err_set(e, errno, "open '%s'", dir);
	for (uint32_t slot = 0; slot < SLOTS_TRIED && slot < slots; slot++) {
		int fd = -1;

		r = try_slot(dirfd, slot, &fd, e);
		if (r < 0)
			return r;
		if (r == 0)
			continue;
		*ret = (struct uids){
			.first = first + slot * UIDS_PER_SLOT,
			.lock_fd = fd,
		};
		return 0;
	}
	return err_say(e, EAGAIN, "no uids are left for another bottle: all of %u slots are taken",
		slots < SLOTS_TRIED ? slots : SLOTS_TRIED);
}

void uids_release(struct uids *u)
{
	fd_close(&u->lock_fd);
	u->first = 0;
}
