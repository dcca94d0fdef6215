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

#define SCRATCH_DIR    "/run/bottle"
#define SCRATCH_PREFIX "run-"

void scratch_done(struct scratch *s)
{
	fd_close(&s->dirfd);
	free(steal_ptr(&s->path));
	s->id = NULL;
}

/* Opens and locks DIR/name. 1; 0 when another process holds it or it has gone. */
static int lock(const char *name, struct scratch *ret, struct err *e)
{
	cleanup_scratch struct scratch s = SCRATCH_NONE;
	struct stat st;

	s.path = str_format("%s/%s", SCRATCH_DIR, name);
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
static int make_once(struct scratch *ret, struct err *e)
{
	char path[] = SCRATCH_DIR "/" SCRATCH_PREFIX "XXXXXX";
	int r;

	if (!mkdtemp(path))
		return err_set(e, errno, "make '%s'", path);
	r = lock(strrchr(path, '/') + 1, ret, e);
	/* init, whose root lies in it, may have another uid than root. */
	if (r > 0 && fchmod(ret->dirfd, 0711) < 0)
		return err_set(e, errno, "chmod '%s'", path);
	return r;
}

int scratch_make(struct scratch *ret, struct err *e)
{
	int r = path_mkdir_p(SCRATCH_DIR, 0711, e);

	if (r < 0)
		return r;
	for (int i = 0; i < 10; i++)
		if ((r = make_once(ret, e)) != 0)
			return r < 0 ? r : 0;
	return err_say(e, EBUSY, "other runs took each new directory in %s away", SCRATCH_DIR);
}

int scratch_remove(struct scratch *s, struct err *e)
{
	cleanup_fd int parent = open(SCRATCH_DIR, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int r;

	if (parent < 0)
		return err_set(e, errno, "open '%s'", SCRATCH_DIR);
	r = path_remove_tree(parent, s->id, e);
	scratch_done(s);
	return r;
}

int scratch_take_stale(struct scratch *ret, struct err *e)
{
	DIR *d = opendir(SCRATCH_DIR);
	struct dirent *de;
	int r = 0;

	if (!d)
		return errno == ENOENT ? 0 : err_set(e, errno, "open '%s'", SCRATCH_DIR);
	while (r == 0 && (de = readdir(d)))
		if (str_starts(de->d_name, SCRATCH_PREFIX))
			r = lock(de->d_name, ret, e);
	closedir(d);
	return r;
}
