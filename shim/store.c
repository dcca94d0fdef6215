#include "shim/store.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/path.h"
#include "base/proc.h"
#include "base/ptr.h"
#include "base/secret.h"
#include "base/sha256.h"
#include "base/str.h"

#define LOCK_STEP_MS 5
#define NUMBER_MAX   1000000000L

static void add_field(struct str *s, const void *data, size_t len)
{
	str_addf(s, "%zu:", len);
	str_add_bytes(s, data, len);
}

static void add_digest(struct str *s, const void *data, size_t len)
{
	unsigned char digest[SHA256_SIZE];

	sha256(data, len, digest);
	add_field(s, digest, sizeof(digest));
	secret_wipe(digest, sizeof(digest));
}

static void to_hex(const unsigned char *digest, char *ret)
{
	for (size_t i = 0; i < SHA256_SIZE; i++)
		snprintf(ret + 2 * i, 3, "%02x", digest[i]);
}

int store_key(const struct store_upstream *u, char ret[STORE_KEY_LEN + 1], struct err *e)
{
	const char *const texts[] = {
		"objects 1", u->transport, u->user, u->host, u->path, u->proof};
	cleanup_str struct str s = {0};
	unsigned char digest[SHA256_SIZE];
	char port[8];

	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		add_field(&s, texts[i], strlen(texts[i]));
	snprintf(port, sizeof(port), "%u", u->port);
	add_field(&s, port, strlen(port));
	add_digest(&s, u->credential, u->credential_len);
	if (s.failed)
		return err_set(e, ENOMEM, "name a store");
	sha256(s.s, s.len, digest);
	secret_wipe(s.s, s.len);
	to_hex(digest, ret);
	return 0;
}

static bool is_ours(const struct stat *st, uid_t above)
{
	return (st->st_uid == geteuid() || st->st_uid == above) && !(st->st_mode & 022);
}

int store_open_root(const char *path, int *ret_fd, struct err *e)
{
	cleanup_fd int fd = -1;
	struct stat st, above;
	int r = path_mkdir_p(path, 0700, e);

	if (r < 0)
		return r;
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return err_set(e, errno, "open '%s'", path);
	if (fstat(fd, &st) < 0 || fstatat(fd, "..", &above, 0) < 0)
		return err_set(e, errno, "look at '%s'", path);
	if (!is_ours(&st, above.st_uid) || !is_ours(&above, above.st_uid))
		return err_say(e, EPERM,
			"'%s', or the directory that it is in, can be written by others (mode "
			"%04o, %04o); chmod go-w",
			path, st.st_mode & 07777, above.st_mode & 07777);
	*ret_fd = steal_fd(&fd);
	return 0;
}

/* Whether the directory is still the one of that name: it may have been removed meanwhile. */
static bool is_still(int root_fd, const char *key, int dirfd)
{
	struct stat held, named;

	return fstat(dirfd, &held) == 0 &&
	       fstatat(root_fd, key, &named, AT_SYMLINK_NOFOLLOW) == 0 &&
	       held.st_ino == named.st_ino;
}

int store_open(int root_fd, const char *key, struct store *ret, struct err *e)
{
	struct store s = STORE_NONE;
	int r = 0;

	if (mkdirat(root_fd, key, 0700) < 0 && errno != EEXIST)
		return err_set(e, errno, "make a store");
	s.dirfd = openat(root_fd, key, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (s.dirfd < 0)
		return err_set(e, errno, "open a store");
	s.use_fd = store_lock(&s, STORE_USE, LOCK_SH, 0, e);
	if (s.use_fd < 0)
		r = s.use_fd;
	else if (!is_still(root_fd, key, s.dirfd))
		r = err_say(e, EAGAIN, "the store is just being removed");
	else if (futimens(s.use_fd, NULL) < 0)
		r = err_set(e, errno, "note the use of a store");
	if (r < 0)
		store_done(&s);
	else
		*ret = s;
	return r;
}

void store_done(struct store *s)
{
	fd_close(&s->use_fd);
	fd_close(&s->dirfd);
}

int store_lock(const struct store *s, const char *name, int operation, int wait_ms, struct err *e)
{
	cleanup_fd int fd = openat(s->dirfd, name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	int64_t until = proc_now_ms() + wait_ms;

	if (fd < 0)
		return err_set(e, errno, "open '%s' of a store", name);
	while (flock(fd, operation | LOCK_NB) < 0) {
		if (errno != EWOULDBLOCK && errno != EINTR)
			return err_set(e, errno, "lock '%s' of a store", name);
		if (proc_now_ms() >= until)
			return err_say(e, EAGAIN, "another bottle holds '%s' of the store", name);
		poll(NULL, 0, LOCK_STEP_MS);
	}
	return steal_fd(&fd);
}

/* Every name below dirfd but "." and "..". */
static int each_name(
	int dirfd, int (*each)(int, const char *, void *, struct err *), void *arg, struct err *e)
{
	int fd = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), r = 0;
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *d;

	if (!dir) {
		r = err_set(e, errno, "read a store");
		fd_close(&fd);
		return r;
	}
	while (r == 0 && (d = readdir(dir)))
		if (!str_eq(d->d_name, ".") && !str_eq(d->d_name, ".."))
			r = each(dirfd, d->d_name, arg, e);
	closedir(dir);
	return r;
}

static int take_newest(int dirfd, const char *name, void *arg, struct err *e)
{
	unsigned int *newest = arg;
	long n;

	(void)dirfd;
	(void)e;
	if (str_to_long(name, 1, NUMBER_MAX, &n) && n > (long)*newest)
		*newest = (unsigned int)n;
	return 0;
}

int store_newest(int dirfd, unsigned int *ret, struct err *e)
{
	*ret = 0;
	return each_name(dirfd, take_newest, ret, e);
}

/* What another number's making leaves behind is "N.new". */
static int remove_if_other(int dirfd, const char *name, void *arg, struct err *e)
{
	const unsigned int *keep = arg;
	long n;
	bool number = str_to_long(name, 1, NUMBER_MAX, &n);

	if (number ? n == (long)*keep : !str_ends(name, ".new"))
		return 0;
	return path_remove_tree(dirfd, name, e);
}

int store_remove_but(int dirfd, unsigned int keep, struct err *e)
{
	return each_name(dirfd, remove_if_other, &keep, e);
}

static const char config_sha1[] = "[core]\n"
				  "\trepositoryformatversion = 0\n"
				  "\tbare = true\n";
static const char config_sha256[] = "[core]\n"
				    "\trepositoryformatversion = 1\n"
				    "\tbare = true\n"
				    "[extensions]\n"
				    "\tobjectFormat = sha256\n";

/* Whatever the umask is: a gate's uid reads it. */
static int write_public(int dirfd, const char *name, const char *text, struct err *e)
{
	int r = path_replace_file(dirfd, name, text, strlen(text), 0644, e);

	if (r == 0 && fchmodat(dirfd, name, 0644, 0) < 0)
		return err_set(e, errno, "open '%s' of a store to readers", name);
	return r;
}

int store_make_repo(int dirfd, const char *name, bool sha256, struct err *e)
{
	static const char *const dirs[] = {".", "refs", "objects", "objects/info", STORE_PACK_DIR};
	const char *config = sha256 ? config_sha256 : config_sha1;
	static const char head[] = "ref: refs/heads/none\n";
	cleanup_fd int fd = -1;
	int r;

	if (mkdirat(dirfd, name, 0755) < 0 && errno != EEXIST)
		return err_set(e, errno, "make repository '%s' of a store", name);
	fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return err_set(e, errno, "open repository '%s' of a store", name);
	for (size_t i = 0; i < ARRAY_LEN(dirs); i++) {
		if (i > 0 && mkdirat(fd, dirs[i], 0755) < 0 && errno != EEXIST)
			return err_set(e, errno, "make '%s' of a store", dirs[i]);
		if (fchmodat(fd, dirs[i], 0755, 0) < 0)
			return err_set(e, errno, "open '%s' of a store to readers", dirs[i]);
	}
	/* By which the gate sees it without reading git's configuration. */
	if (sha256)
		r = write_public(fd, "sha256", "", e);
	else
		r = unlinkat(fd, "sha256", 0) < 0 && errno != ENOENT
			    ? err_set(e, errno, "make a store")
			    : 0;
	if (r == 0)
		r = write_public(fd, "config", config, e);
	if (r == 0)
		r = write_public(fd, "HEAD", head, e);
	return r < 0 ? r : steal_fd(&fd);
}

int store_tips_sha256(int dirfd, const char *name, bool *ret, struct err *e)
{
	cleanup_fd int fd = openat(dirfd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	char line[256];
	const char *oid = line;
	ssize_t n;

	if (fd < 0)
		return err_set(e, errno, "open the tips of a store");
	n = fd_read_full(fd, line, sizeof(line) - 1);
	if (n < 0)
		return err_set(e, (int)-n, "read the tips of a store");
	line[n] = '\0';
	if (*oid == '#')
		oid = *strchrnul(oid, '\n') ? strchr(oid, '\n') + 1 : "";
	n = (ssize_t)strspn(oid, "0123456789abcdef");
	if (n == 0)
		return err_say(e, ENOENT, "a store without tips");
	if (n != 40 && n != 64)
		return err_say(e, EPROTO, "malformed tips of a store");
	*ret = n == 64;
	return 0;
}

/* They come first. */
bool store_has_kept(int dirfd)
{
	cleanup_fd int fd = openat(dirfd, STORE_TIPS, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	char start[256];
	const char *line;
	ssize_t n = fd < 0 ? -1 : fd_read_full(fd, start, sizeof(start) - 1);

	start[n > 0 ? n : 0] = '\0';
	line = strchr(start, '\n');
	return line && strstr(line, " refs/kept/") != NULL;
}

struct pack_visit {
	int (*each)(int, const char *, void *, struct err *);
	void *arg;
};

static int visit_pack(int dirfd, const char *name, void *arg, struct err *e)
{
	const struct pack_visit *v = arg;
	cleanup_free char *base = NULL;

	if (!str_starts(name, "pack-") || !str_ends(name, ".idx"))
		return 0;
	base = strndup(name, strlen(name) - strlen(".idx"));
	return base ? v->each(dirfd, base, v->arg, e) : err_set(e, ENOMEM, "read a store");
}

int store_each_pack(int dirfd, int (*each)(int dirfd, const char *base, void *arg, struct err *e),
	void *arg, struct err *e)
{
	struct pack_visit v = {each, arg};

	return each_name(dirfd, visit_pack, &v, e);
}
