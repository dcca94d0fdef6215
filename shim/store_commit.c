#include "shim/store_commit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/path.h"
#include "base/ptr.h"
#include "base/str.h"
#include "shim/store_view.h"

/* For bottles that just look what is there. */
#define LOCK_WAIT_MS 2000

/* One file becomes root's, read-only, under its new name. */
static int adopt(const struct store_result *w, int from, const char *name, int to,
	const char *new_name, struct err *e)
{
	cleanup_fd int fd = openat(from, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return err_set(e, errno, "take '%s' from the writer of a store", name);
	if (!S_ISREG(st.st_mode) || st.st_nlink != 1 || st.st_uid != w->writer ||
		st.st_size > STORE_BYTES_MAX)
		return err_say(e, EPROTO, "'%s' is nothing that a writer of a store leaves", name);
	if (fchown(fd, geteuid(), getegid()) < 0 || fchmod(fd, 0444) < 0 ||
		renameat(from, name, to, new_name) < 0)
		return err_set(e, errno, "take '%s' from the writer of a store", name);
	return 0;
}

struct taking {
	const struct store_result *w;
	int to;
	size_t n;
};

static int take_pack(int dirfd, const char *base, void *arg, struct err *e)
{
	static const char *const endings[] = {"pack", "rev", "idx"};
	struct taking *t = arg;
	int r = 0;

	if (t->n++ > 0)
		return err_say(e, EPROTO, "the writer of a store left more than one pack");
	for (size_t i = 0; r == 0 && i < ARRAY_LEN(endings); i++) {
		cleanup_free char *name = str_format("%s.%s", base, endings[i]);

		r = name ? adopt(t->w, dirfd, name, t->to, name, e)
			 : err_set(e, ENOMEM, "take a pack");
	}
	return r;
}

static int take_packs(const struct store_result *w, int out_fd, int version, struct err *e)
{
	cleanup_fd int to = openat(version, STORE_PACK_DIR, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct taking t = {.w = w, .to = to};

	if (to < 0)
		return err_set(e, errno, "open a store");
	return store_each_pack(out_fd, take_pack, &t, e);
}

struct weight {
	size_t packs;
	int64_t bytes;
};

static int weigh(int dirfd, const char *base, void *arg, struct err *e)
{
	cleanup_free char *name = str_format("%s.pack", base);
	struct weight *w = arg;
	struct stat st;

	if (!name || fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return err_set(e, name ? errno : ENOMEM, "weigh a store");
	w->packs++;
	w->bytes += st.st_size;
	return 0;
}

static int check_weight(int version, struct err *e)
{
	cleanup_fd int dir = openat(version, STORE_PACK_DIR, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct weight w = {0};
	int r = dir < 0 ? err_set(e, errno, "open a store") : store_each_pack(dir, weigh, &w, e);

	if (r == 0 && (w.packs > STORE_PACKS_MAX || w.bytes > STORE_BYTES_MAX))
		return err_say(e, EFBIG,
			"a store of %zu packs and %lld bytes is more than is kept of an upstream "
			"(%d, %lld)",
			w.packs, (long long)w.bytes, STORE_PACKS_MAX, (long long)STORE_BYTES_MAX);
	return r;
}

/* An upstream that was made anew with the other kind of ids has nothing in common with the old. */
static int link_old(
	const struct store_result *w, unsigned int newest, int version, bool is, struct err *e)
{
	cleanup_fd int old = -1;
	bool was = false;
	char name[16];
	int r;

	if (!w->keep_old || newest == 0)
		return 0;
	snprintf(name, sizeof(name), "%u", newest);
	old = openat(w->store->dirfd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (old < 0)
		return err_set(e, errno, "open a store");
	r = store_tips_sha256(old, STORE_TIPS, &was, e);
	return r < 0 || was != is ? r : store_link_packs(old, version, e);
}

/* The repository is empty; the tips come first, since they tell what kind of ids it has. */
static int fill(const struct store_result *w, int out_fd, int version, struct err *e)
{
	int r = adopt(w, out_fd, STORE_OUT_TIPS, version, STORE_TIPS, e);

	if (r == 0 && w->keep_old)
		r = adopt(w, out_fd, STORE_OUT_VIEW, out_fd, STORE_OUT_VIEW, e);
	return r == 0 ? take_packs(w, out_fd, version, e) : r;
}

/* The rename is the moment from which it is in force. */
static int put_in_force(
	const struct store_result *w, const char *tmp, unsigned int n, struct err *e)
{
	cleanup_fd int lock = store_lock(w->store, STORE_LOCK, LOCK_EX, LOCK_WAIT_MS, e);
	char name[16];

	if (lock < 0)
		return lock;
	snprintf(name, sizeof(name), "%u", n);
	if (renameat(w->store->dirfd, tmp, w->store->dirfd, name) < 0)
		return err_set(e, errno, "put a store in force");
	return store_remove_but(w->store->dirfd, n, e);
}

int store_commit(const struct store_result *w, int out_fd, int *ret_fd, struct err *e)
{
	cleanup_fd int version = -1;
	unsigned int newest;
	bool sha256 = false;
	char tmp[24];
	int r = store_newest(w->store->dirfd, &newest, e);

	if (r == 0)
		r = store_remove_but(w->store->dirfd, newest, e);
	if (r == 0)
		r = store_tips_sha256(out_fd, STORE_OUT_TIPS, &sha256, e);
	if (r < 0)
		return r;
	snprintf(tmp, sizeof(tmp), "%u.new", newest + 1);
	version = store_make_repo(w->store->dirfd, tmp, sha256, e);
	if (version < 0)
		return version;
	r = link_old(w, newest, version, sha256, e);
	if (r == 0)
		r = fill(w, out_fd, version, e);
	if (r == 0)
		r = check_weight(version, e);
	if (r == 0)
		r = put_in_force(w, tmp, newest + 1, e);
	if (r < 0) {
		struct err ignored;

		(void)path_remove_tree(w->store->dirfd, tmp, &ignored);
		return r;
	}
	*ret_fd = steal_fd(&version);
	return 0;
}
