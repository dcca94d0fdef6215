#include "gate/leftovers.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/path.h"
#include "base/ptr.h"
#include "base/str.h"

/* Directories that nftw(3) holds open; a name of a ref can have a thousand. */
#define WALK_FDS 16

static int remove_file(int dirfd, const char *name, struct err *e)
{
	if (unlinkat(dirfd, name, 0) < 0 && errno != ENOENT)
		return err_set(e, errno, "remove '%s', which was left behind", name);
	return 0;
}

/* No ref's name ends so: git-check-ref-format(1). */
static int drop_lock(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)ftw;
	if (type != FTW_F || !str_ends(path, ".lock"))
		return 0;
	return unlink(path) < 0 && errno != ENOENT ? -1 : 0;
}

static int unlock_refs(const char *mirror, struct err *e)
{
	cleanup_free char *refs = str_format("%s/refs", mirror);

	if (!refs)
		return err_set(e, ENOMEM, "look for locks");
	if (nftw(refs, drop_lock, WALK_FDS, FTW_PHYS) < 0 && errno != ENOENT)
		return err_set(e, errno, "look for locks in '%s'", refs);
	return 0;
}

static bool is_temporary(const char *name)
{
	return str_starts(name, "tmp_") || str_ends(name, ".keep");
}

static bool does_not_belong(const char *name)
{
	return str_starts(name, "tmp_objdir-") || str_eq(name, "info");
}

/* Removes what matches below MIRROR/FOLDER, with all that is in it. */
static int remove_matching(
	const char *mirror, const char *folder, bool (*matches)(const char *name), struct err *e)
{
	cleanup_free char *path = str_format("%s/%s", mirror, folder);
	const struct dirent *d;
	DIR *dir = path ? opendir(path) : NULL;
	int r = 0;

	if (!dir)
		return path && errno == ENOENT ? 0 : err_set(e, errno, "look into '%s'", folder);
	while (r == 0 && (d = readdir(dir)))
		if (matches(d->d_name))
			r = path_remove_tree(dirfd(dir), d->d_name, e);
	closedir(dir);
	return r;
}

static char *path_of(const struct gate *g, const struct policy_repo *repo)
{
	return str_format("%s/%s.git", g->git_dir, repo->name);
}

int leftovers_unlock(const struct gate *g, const struct policy_repo *repo, struct err *e)
{
	static const char *const locks[] = {"HEAD.lock", "packed-refs.lock", "packed-refs.new"};
	cleanup_free char *mirror = path_of(g, repo);
	cleanup_fd int dir = -1;
	int r = 0;

	if (!mirror)
		return err_set(e, ENOMEM, "look for locks");
	dir = open(mirror, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return errno == ENOENT ? 0 : err_set(e, errno, "open '%s'", mirror);
	for (size_t i = 0; r == 0 && i < ARRAY_LEN(locks); i++)
		r = remove_file(dir, locks[i], e);
	if (r == 0)
		r = unlock_refs(mirror, e);
	return r == 0 ? remove_matching(mirror, "objects/pack", is_temporary, e) : r;
}

/*
 * Locks of the open file description, as flock(2)'s are, and apart from them: they, too, last until
 * the last process that has inherited the descriptor is gone (fcntl(2), "Open file description
 * locks").
 */
static int use(int lock_fd, short how, int command)
{
	struct flock whole = {.l_type = how, .l_whence = SEEK_SET};
	int r;

	do {
		r = fcntl(lock_fd, command, &whole);
	} while (r < 0 && errno == EINTR);
	return r < 0 ? -errno : 0;
}

static int clean(const struct gate *g, const struct policy_repo *repo, struct err *e)
{
	cleanup_free char *mirror = path_of(g, repo);
	int r = mirror ? remove_matching(mirror, "objects", does_not_belong, e)
		       : err_set(e, ENOMEM, "clean a mirror");

	return r == 0 ? leftovers_unlock(g, repo, e) : r;
}

int leftovers_enter(
	const struct gate *g, const struct policy_repo *repo, int lock_fd, struct err *e)
{
	int r = use(lock_fd, F_WRLCK, F_OFD_SETLK);

	if (r == 0)
		r = clean(g, repo, e);
	else if (r == -EAGAIN || r == -EACCES)
		r = 0;
	else
		return err_set(e, -r, "lock a mirror for use");
	if (r < 0)
		return r;
	/* Others wait here for who cleans. */
	r = use(lock_fd, F_RDLCK, F_OFD_SETLKW);
	return r < 0 ? err_set(e, -r, "lock a mirror for use") : 0;
}
