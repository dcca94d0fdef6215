#include "shim/store_trim.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/path.h"
#include "base/ptr.h"
#include "base/str.h"
#include "shim/store.h"

/* Under this name one is being removed; what a sudden end leaves goes the next time. */
#define REMOVED ".removed-"

struct one {
	char key[STORE_KEY_LEN + 1];
	struct timespec used;
	int64_t bytes;
};

struct all {
	struct one *list;
	size_t n;
	int64_t bytes;
};

static int add_pack(int dirfd, const char *base, void *arg, struct err *e)
{
	cleanup_free char *name = str_format("%s.pack", base);
	int64_t *bytes = arg;
	struct stat st;

	if (!name)
		return err_set(e, ENOMEM, "weigh a store");
	if (fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) == 0)
		*bytes += st.st_size;
	return 0;
}

/* The number in force; the others are on their way out. */
static int weigh(int root_fd, struct one *o, struct err *e)
{
	cleanup_free char *use = str_format("%s/" STORE_USE, o->key);
	cleanup_free char *path = NULL;
	cleanup_fd int dirfd =
		openat(root_fd, o->key, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	cleanup_fd int packs = -1;
	unsigned int newest = 0;
	struct stat st;
	int r = dirfd < 0 || !use ? err_set(e, use ? errno : ENOMEM, "weigh a store")
				  : store_newest(dirfd, &newest, e);

	if (r < 0)
		return r;
	if (fstatat(root_fd, use, &st, AT_SYMLINK_NOFOLLOW) == 0)
		o->used = st.st_mtim;
	path = str_format("%u/" STORE_PACK_DIR, newest);
	packs = path ? openat(dirfd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	return packs < 0 ? 0 : store_each_pack(packs, add_pack, &o->bytes, e);
}

static int add_one(int root_fd, struct all *all, const char *name, struct err *e)
{
	struct one o = {0}, *list;
	int r;

	if (str_starts(name, REMOVED))
		return path_remove_tree(root_fd, name, e);
	if (strlen(name) != STORE_KEY_LEN || strspn(name, "0123456789abcdef") != STORE_KEY_LEN)
		return 0;
	memcpy(o.key, name, STORE_KEY_LEN);
	r = weigh(root_fd, &o, e);
	if (r < 0)
		return r;
	list = reallocarray(all->list, all->n + 1, sizeof(*list));
	if (!list)
		return err_set(e, ENOMEM, "weigh the stores");
	all->list = list;
	all->list[all->n++] = o;
	all->bytes += o.bytes;
	return 0;
}

static int read_all(int root_fd, struct all *all, struct err *e)
{
	int fd = openat(root_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), r = 0;
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *d;

	if (!dir) {
		r = err_set(e, errno, "read the stores");
		fd_close(&fd);
		return r;
	}
	while (r == 0 && (d = readdir(dir)))
		r = add_one(root_fd, all, d->d_name, e);
	closedir(dir);
	return r;
}

static int by_use(const void *a, const void *b)
{
	const struct timespec *x = &((const struct one *)a)->used,
			      *y = &((const struct one *)b)->used;

	if (x->tv_sec != y->tv_sec)
		return x->tv_sec < y->tv_sec ? -1 : 1;
	return (x->tv_nsec > y->tv_nsec) - (x->tv_nsec < y->tv_nsec);
}

/* 1: it is gone; 0: it is in use. */
static int remove_one(int root_fd, const struct one *o, struct err *e)
{
	cleanup_free char *to = str_format(REMOVED "%s", o->key);
	struct store s = STORE_NONE;
	cleanup_fd int lock = -1;
	int r;

	if (!to)
		return err_set(e, ENOMEM, "remove a store");
	s.dirfd = openat(root_fd, o->key, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (s.dirfd < 0)
		return errno == ENOENT ? 0 : err_set(e, errno, "remove a store");
	lock = store_lock(&s, STORE_USE, LOCK_EX, 0, e);
	if (lock < 0) {
		store_done(&s);
		return lock == -EAGAIN ? 0 : lock;
	}
	/* Who comes now finds that it is not that of the name any more (store_open). */
	r = renameat(root_fd, o->key, root_fd, to) < 0 ? err_set(e, errno, "remove a store")
						       : path_remove_tree(root_fd, to, e);
	store_done(&s);
	return r < 0 ? r : 1;
}

int store_trim(int root_fd, int64_t max_bytes, struct err *e)
{
	struct all all = {0};
	int r = read_all(root_fd, &all, e);

	if (r == 0 && all.n > 0)
		qsort(all.list, all.n, sizeof(*all.list), by_use);
	for (size_t i = 0; r >= 0 && i < all.n && all.bytes > max_bytes; i++) {
		r = remove_one(root_fd, &all.list[i], e);
		if (r > 0) {
			all.bytes -= all.list[i].bytes;
			log_info("a store of %lld bytes, not used for longest, was removed",
				(long long)all.list[i].bytes);
		}
	}
	free(all.list);
	return r < 0 ? r : 0;
}
