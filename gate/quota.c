#include "gate/quota.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/proc.h"
#include "base/ptr.h"
#include "base/str.h"

#define MIB ((int64_t)1 << 20)
/* The sidecar's processes have a GiB together. */
#define MEMORY_MAX (768 * MIB)
/*
 * Unpacking as much as a push may hold takes minutes. A few KiB can be made to take days: thousands
 * of differences, each to an object of a GiB.
 */
#define PROCESSOR_S  1800
#define TRY_AGAIN_MS 50

static int lower(int which, rlim_t value, const char *what, struct err *e)
{
	struct rlimit limit;

	if (getrlimit(which, &limit) < 0)
		return err_set(e, errno, "ask for the limit of %s", what);
	if (limit.rlim_max < value)
		value = limit.rlim_max;
	limit.rlim_cur = limit.rlim_max = value;
	return setrlimit(which, &limit) < 0 ? err_set(e, errno, "limit %s", what) : 0;
}

int quota_limit_memory(struct err *e)
{
	return lower(RLIMIT_DATA, (rlim_t)MEMORY_MAX, "memory", e);
}

int quota_limit_time(struct err *e)
{
	return lower(RLIMIT_CPU, PROCESSOR_S, "the processor's time", e);
}

/* ---- disk: a mirror's objects, quarantines among them, are at most so deep in GIT_DIR */
#define DEPTH_MAX 6

static int64_t bytes_below(int dirfd, const char *name, int depth)
{
	int64_t sum = 0;
	struct stat st;
	const struct dirent *d;
	DIR *dir;
	int fd;

	if (fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return 0; /* gone meanwhile */
	sum = (int64_t)st.st_blocks * 512;
	if (!S_ISDIR(st.st_mode) || depth == 0)
		return sum;
	fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	dir = fd < 0 ? NULL : fdopendir(fd);
	if (!dir) {
		fd_close(&fd);
		return sum;
	}
	while ((d = readdir(dir)))
		if (!str_eq(d->d_name, ".") && !str_eq(d->d_name, ".."))
			sum += bytes_below(fd, d->d_name, depth - 1);
	closedir(dir);
	return sum;
}

int quota_check_disk(const struct gate *g, struct err *e)
{
	int64_t used = 0;

	for (size_t i = 0; i < g->policy.n_repos; i++) {
		cleanup_free char *path =
			str_format("%s/%s.git/objects", g->git_dir, g->policy.repos[i].name);

		if (!path)
			return err_set(e, ENOMEM, "measure the mirrors");
		used += bytes_below(AT_FDCWD, path, DEPTH_MAX);
	}
	if (used < g->policy.max_disk)
		return 0;
	return err_say(e, EDQUOT,
		"the bottle's mirrors hold %lld MiB of objects, and may hold %lld MiB; the "
		"operator's git-gate.max_disk can allow more",
		(long long)(used / MIB), (long long)(g->policy.max_disk / MIB));
}

/* ---- places: bytes of a file, each locked by who has it */

/* The number of a free one, now taken; -EAGAIN. */
static int take_place(int fd)
{
	int r = -EAGAIN;

	for (int i = 0; r == -EAGAIN && i < QUOTA_PUSHES; i++) {
		struct flock place = {
			.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = i, .l_len = 1};

		r = fcntl(fd, F_OFD_SETLK, &place) == 0 ? i : -errno;
		if (r == -EACCES)
			r = -EAGAIN;
	}
	return r;
}

int quota_enter_push(const struct gate *g, int *ret, struct err *e)
{
	const struct timespec pause = {.tv_nsec = TRY_AGAIN_MS * 1000000};
	int64_t deadline = proc_now_ms() + (int64_t)g->policy.idle_timeout_s * 1000;
	cleanup_free char *path = str_format("%s/.gate/pushes", g->git_dir);
	cleanup_fd int fd = -1;
	int r = quota_check_disk(g, e);

	if (r < 0)
		return r;
	if (!path)
		return err_set(e, ENOMEM, "find a place for a push");
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0)
		return err_set(e, errno, "open '%s'", path);
	while ((r = take_place(fd)) == -EAGAIN && proc_now_ms() < deadline)
		nanosleep(&pause, NULL);
	if (r == -EAGAIN)
		return err_say(e, EBUSY,
			"%d pushes of this bottle are under way; push again when one of them has "
			"ended",
			QUOTA_PUSHES);
	if (r < 0)
		return err_set(e, -r, "take a place for a push");
	*ret = steal_fd(&fd);
	return 0;
}
