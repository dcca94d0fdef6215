#include "gate/lfs_refused.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/path.h"
#include "base/ptr.h"
#include "base/str.h"

#define KEPT_MAX 512

/* Under .gate, whose names no repository has. -1: it cannot be. */
static int open_dir(const struct gate *g)
{
	cleanup_free char *path = str_format("%s/.gate/lfs-refused", g->git_dir);

	if (!path || (mkdir(path, 0700) < 0 && errno != EEXIST))
		return -1;
	return open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
}

static size_t count(int dirfd)
{
	int copy = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = copy < 0 ? NULL : fdopendir(copy);
	size_t n = 0;

	if (!dir) {
		fd_close(&copy);
		return SIZE_MAX;
	}
	while (readdir(dir))
		n++;
	closedir(dir);
	return n;
}

void lfs_refused_note(const struct gate *g, const char *oid, const char *why)
{
	cleanup_fd int dirfd = open_dir(g);
	struct err e;

	if (dirfd < 0 || count(dirfd) > KEPT_MAX)
		return;
	if (path_write_file(dirfd, oid, why, strlen(why), 0600, &e) < 0)
		log_debug("%s", e.msg);
}

int lfs_refused_check(const struct gate *g, const char *oid, struct err *e)
{
	cleanup_fd int dirfd = open_dir(g);
	cleanup_free char *why = NULL;
	struct err none;

	if (dirfd < 0 || fd_read_file(dirfd, oid, sizeof(e->msg), &why, NULL, &none) < 0)
		return 0;
	return err_say(e, EBADMSG, "%s", why);
}
