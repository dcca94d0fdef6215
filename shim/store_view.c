#include "shim/store_view.h"

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

/* gitformat-pack(5): both end with checksums, the index with the pack's and its own. */
#define OID_MAX 32

int store_view_make(int views_fd, const char *name, struct err *e)
{
	return store_make_repo(views_fd, name, false, e);
}

static int read_end(int dirfd, const char *name, size_t from_end, unsigned char *buf, size_t len)
{
	cleanup_fd int fd = openat(dirfd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode) || st.st_size < (off_t)from_end)
		return -EIO;
	return pread(fd, buf, len, st.st_size - (off_t)from_end) == (ssize_t)len ? 0 : -EIO;
}

static bool all_zero(const unsigned char *p, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (p[i])
			return false;
	return true;
}

/* Cheap, and enough for what a sudden end of the machine leaves: lengths, or bytes, that are 0. */
static int check_pack(int dirfd, const char *base, size_t oid_len, struct err *e)
{
	cleanup_free char *pack = str_format("%s.pack", base), *idx = str_format("%s.idx", base);
	unsigned char of_pack[OID_MAX], in_idx[OID_MAX];
	int r;

	if (!pack || !idx)
		return err_set(e, ENOMEM, "check a pack of a store");
	r = read_end(dirfd, pack, oid_len, of_pack, oid_len);
	if (r == 0)
		r = read_end(dirfd, idx, 2 * oid_len, in_idx, oid_len);
	if (r == 0 && (memcmp(of_pack, in_idx, oid_len) != 0 || all_zero(of_pack, oid_len)))
		r = -EIO;
	return r < 0 ? err_set(e, -r, "pack '%s' of a store", base) : 0;
}

static int link_one(int from, int to, const char *base, const char *ending, struct err *e)
{
	cleanup_free char *name = str_format("%s.%s", base, ending);

	if (!name)
		return err_set(e, ENOMEM, "borrow a pack of a store");
	if (linkat(from, name, to, name, 0) == 0 || errno == EEXIST)
		return 0;
	/* Reverse indexes may be missing. */
	if (errno == ENOENT && str_eq(ending, "rev"))
		return 0;
	return err_set(e, errno, "borrow '%s' of a store", name);
}

struct linking {
	int to;
	size_t oid_len;
};

/* The index last: with it the pack is there, for git. */
static int link_pack(int dirfd, const char *base, void *arg, struct err *e)
{
	static const char *const endings[] = {"pack", "rev", "idx"};
	const struct linking *l = arg;
	int r = check_pack(dirfd, base, l->oid_len, e);

	for (size_t i = 0; r == 0 && i < ARRAY_LEN(endings); i++)
		r = link_one(dirfd, l->to, base, endings[i], e);
	return r;
}

int store_link_packs(int from_fd, int to_fd, struct err *e)
{
	cleanup_fd int from =
		openat(from_fd, STORE_PACK_DIR, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	cleanup_fd int to =
		openat(to_fd, STORE_PACK_DIR, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	struct linking l = {.to = to};
	bool sha256 = false;
	int r = from < 0 || to < 0 ? err_set(e, errno, "open the packs of a store") : 0;

	if (r == 0)
		r = store_tips_sha256(from_fd, STORE_TIPS, &sha256, e);
	l.oid_len = sha256 ? 32 : 20;
	return r < 0 ? r : store_each_pack(from, link_pack, &l, e);
}

static int fill_from(int view_fd, int version_fd, struct err *e)
{
	bool sha256 = false;
	int r = store_tips_sha256(version_fd, STORE_TIPS, &sha256, e), repo;

	if (r < 0)
		return r;
	repo = store_make_repo(view_fd, ".", sha256, e);
	fd_close(&repo);
	r = store_link_packs(version_fd, view_fd, e);
	if (r == 0 && linkat(version_fd, STORE_TIPS, view_fd, STORE_TIPS, 0) < 0)
		r = err_set(e, errno, "borrow the tips of a store");
	return r;
}

int store_view_fill(int view_fd, const struct store *s, struct err *e)
{
	cleanup_fd int lock = store_lock(s, STORE_LOCK, LOCK_SH, STORE_LOCK_WAIT_MS, e);
	cleanup_fd int version = -1;
	unsigned int newest = 0;
	char name[16];
	int r = lock < 0 ? lock : store_newest(s->dirfd, &newest, e);

	if (r < 0 || newest == 0)
		return r;
	snprintf(name, sizeof(name), "%u", newest);
	version = openat(s->dirfd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (version < 0)
		return err_set(e, errno, "open a store");
	return fill_from(view_fd, version, e);
}

/* In a new bottle of a new store the view is empty, and may have the other format's settings. */
int store_view_grow(int view_fd, int version_fd, int tips_fd, const char *tips, struct err *e)
{
	bool now = false, was = false;
	struct err none;
	int r = store_tips_sha256(version_fd, STORE_TIPS, &now, e), repo;

	if (r < 0)
		return r;
	if (store_tips_sha256(view_fd, STORE_TIPS, &was, &none) < 0) {
		repo = store_make_repo(view_fd, ".", now, e);
		if (repo < 0)
			return repo;
		fd_close(&repo);
	} else if (now != was) {
		return err_say(e, EINVAL, "the upstream's ids are of another kind now");
	}
	r = store_link_packs(version_fd, view_fd, e);
	if (r == 0 && renameat(tips_fd, tips, view_fd, STORE_TIPS) < 0)
		r = err_set(e, errno, "tell the tips of a store");
	return r;
}
