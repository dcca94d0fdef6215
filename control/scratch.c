#include "control/scratch.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/path.h"
#include "base/ptr.h"
#include "base/str.h"

#define ROOTS_DIR      "/run/bottle"
#define SCRATCH_PREFIX "run-"

/* An ordinary user's is in his own part of /run. NULL: errno. Caller frees. */
static char *scratch_dir(void)
{
	const char *runtime_dir = getenv("XDG_RUNTIME_DIR");

	if (geteuid() == 0)
		return strdup(ROOTS_DIR);
	if (runtime_dir && *runtime_dir)
		return str_format("%s/bottle", runtime_dir);
	return str_format("/run/user/%u/bottle", (unsigned)geteuid());
}

void scratch_done(struct scratch *s)
{
	fd_close(&s->dirfd);
	free(steal_ptr(&s->path));
	s->id = NULL;
}

/* Opens and locks DIR/name. 1; 0 when another process holds it or it has gone. */
static int lock(const char *dir, const char *name, struct scratch *ret, struct err *e)
{
	cleanup_scratch struct scratch s = SCRATCH_NONE;
	struct stat st;

	s.path = str_format("%s/%s", dir, name);
	if (!s.path)
		return err_set(e, ENOMEM, "scratch directory");
	s.id = strrchr(s.path, '/') + 1;
	s.dirfd = open(s.path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (s.dirfd < 0)
		return errno == ENOENT ? 0 : err_set(e, errno, "open '%s'", s.path);
	if (flock(s.dirfd, LOCK_EX | LOCK_NB) < 0)
		return errno == EWOULDBLOCK ? 0 : err_set(e, errno, "lock '%s'", s.path);
	/* Removed by another between our open and our lock. */
	if (fstat(s.dirfd, &st) < 0 || st.st_nlink == 0)
		return 0;
	*ret = s;
	s = SCRATCH_NONE;
	return 1;
}

/* 1; 0 when another run's sweep took it for a stale one before it was locked. */
static int make_once(const char *dir, struct scratch *ret, struct err *e)
{
	cleanup_free char *path = str_format("%s/" SCRATCH_PREFIX "XXXXXX", dir);
	int r;

	if (!path || !mkdtemp(path))
		return err_set(e, errno, "make '%s'", path ? path : dir);
	r = lock(dir, strrchr(path, '/') + 1, ret, e);
	/* init, whose root lies in it, may have another uid than root. */
	if (r > 0 && fchmod(ret->dirfd, 0711) < 0)
		return err_set(e, errno, "chmod '%s'", path);
	return r;
}

int scratch_make(struct scratch *ret, struct err *e)
{
	cleanup_free char *dir = scratch_dir();
	int r = dir ? path_mkdir_p(dir, 0711, e) : err_set(e, ENOMEM, "scratch directory");

	if (r == -EACCES && geteuid() != 0)
		return err_wrap(e, "set XDG_RUNTIME_DIR to a directory of your own");
	if (r < 0)
		return r;
	for (int i = 0; i < 10; i++)
		if ((r = make_once(dir, ret, e)) != 0)
			return r < 0 ? r : 0;
	return err_say(e, EBUSY, "other runs took each new directory in %s away", dir);
}

int scratch_remove(struct scratch *s, struct err *e)
{
	cleanup_free char *dir = scratch_dir();
	cleanup_fd int parent = dir ? open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	int r;

	if (parent < 0)
		return err_set(e, errno, "open '%s'", dir ? dir : s->path);
	r = path_remove_tree(parent, s->id, e);
	scratch_done(s);
	return r;
}

int scratch_take_stale(struct scratch *ret, struct err *e)
{
	cleanup_free char *dir = scratch_dir();
	DIR *d = dir ? opendir(dir) : NULL;
	struct dirent *de;
	int r = 0;

	/* Where an ordinary user may not even look, no run of his has been. */
	if (!d && (errno == ENOENT || errno == EACCES))
		return 0;
	if (!d)
		return err_set(e, errno, "open '%s'", dir ? dir : SCRATCH_PREFIX);
	while (r == 0 && (de = readdir(d)))
		if (str_starts(de->d_name, SCRATCH_PREFIX))
			r = lock(dir, de->d_name, ret, e);
	closedir(d);
	return r;
}
