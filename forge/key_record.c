#include "forge/key_record.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/json.h"
#include "base/path.h"
#include "base/ptr.h"
#include "base/sha256.h"
#include "base/str.h"

/* Private roots stand in it, which may be many. */
#define KEY_RECORD_MAX (2U << 20)
#define NEW_SUFFIX     ".new"
#define NAME_BYTES     10
#define FAILURE_MAX    512
#define OPEN_TRIES     8

/* ---- lines */

static int add_line(int fd, json_t *line, struct err *e)
{
	cleanup_free char *text = line ? json_dumps(line, JSON_COMPACT) : NULL;
	cleanup_free char *whole = text ? str_format("%s\n", text) : NULL;
	int r;

	if (!whole)
		return err_set(e, ENOMEM, "the record of a deploy key");
	r = fd_write_all(fd, whole, strlen(whole));
	return r < 0 ? err_set(e, -r, "write the record of a deploy key") : 0;
}

static int read_first(const struct json_at *at, struct key_record *r, struct err *e)
{
	struct json_at key;

	if (json_need_str(at, "slug", &r->slug, e) < 0 ||
		json_need_str(at, "public", &r->public_line, e) < 0 ||
		json_get_int(at, "at", 0, INT64_MAX, &r->made_at, e) < 0 ||
		json_member(at, "key", JSON_OBJECT, &key, e) < 0)
		return -e->code;
	if (!json_is_object(json_object_get(at->j, "key")))
		return json_err(at, EINVAL, e, "'key' is missing");
	return plan_deploy_key_read(&key, &r->key, e);
}

/* A line that was not written whole says nothing. */
static void read_later(const char *text, size_t len, struct key_record *r)
{
	cleanup_json json_t *j = NULL;
	struct json_at at;
	struct err ignored;

	if (json_parse(text, len, "the record", &j, &ignored) < 0)
		return;
	at = json_root(j, "the record");
	(void)json_get_int(&at, "id", 1, INT64_MAX, &r->id, &ignored);
	if (!json_is_string(json_object_get(j, "failure")))
		return;
	free(steal_ptr(&r->failure));
	(void)json_get_str(&at, "failure", &r->failure, &ignored);
	(void)json_get_int(&at, "at", 0, INT64_MAX, &r->failed_at, &ignored);
}

static int parse(const char *text, size_t len, struct key_record *r, struct err *e)
{
	const char *end = memchr(text, '\n', len), *at;
	cleanup_json json_t *j = NULL;
	struct json_at root;
	int rc;

	if (!end)
		return err_say(e, EINVAL, "the record of a deploy key '%s' is not whole", r->name);
	rc = json_parse(text, (size_t)(end - text), r->name, &j, e);
	if (rc < 0)
		return rc;
	root = json_root(j, r->name);
	rc = read_first(&root, r, e);
	for (at = end + 1; rc == 0 && (end = memchr(at, '\n', len - (size_t)(at - text)));
		at = end + 1)
		read_later(at, (size_t)(end - at), r);
	return rc;
}

static int load(struct key_record *r, struct err *e)
{
	cleanup_free char *text = NULL;
	size_t len = 0;
	int rc = lseek(r->fd, 0, SEEK_SET) < 0
			 ? err_set(e, errno, "read '%s'", r->name)
			 : fd_read_all(r->fd, r->name, KEY_RECORD_MAX, &text, &len, e);

	return rc < 0 ? rc : parse(text, len, r, e);
}

/* ---- the directory */

static char *dir_of(const char *state_home)
{
	return str_format("%s/" KEY_RECORD_DIR, state_home);
}

static int open_dir(const char *state_home, bool make, struct err *e)
{
	cleanup_free char *dir = dir_of(state_home);
	int fd, r = dir && make ? path_mkdir_p(dir, 0700, e) : 0;

	if (!dir)
		return err_set(e, ENOMEM, "the records of deploy keys");
	if (r < 0)
		return r;
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	return fd < 0 ? err_set(e, errno, "open '%s'", dir) : fd;
}

/* The same key is never made twice. */
static char *name_of(const char *public_line)
{
	unsigned char sum[SHA256_SIZE];
	struct str name = {0};

	sha256(public_line, strlen(public_line), sum);
	for (size_t i = 0; i < NAME_BYTES; i++)
		str_addf(&name, "%02x", sum[i]);
	return str_take(&name);
}

/* One that was not named before its writer ended: no request was made for its key. */
static void sweep(int dirfd, const char *name)
{
	cleanup_fd int fd = openat(dirfd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);

	if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0)
		(void)unlinkat(dirfd, name, 0);
}

int key_record_names(const char *state_home, char ***ret, struct err *e)
{
	cleanup_strv char **names = NULL;
	int fd = open_dir(state_home, false, e), r = 0;
	struct dirent *d;
	DIR *dir;

	if (fd == -ENOENT || fd == -ENOTDIR)
		return 0;
	if (fd < 0)
		return fd;
	dir = fdopendir(fd);
	if (!dir) {
		fd_close(&fd);
		return err_set(e, errno, "read '%s/" KEY_RECORD_DIR "'", state_home);
	}
	while (r == 0 && (d = readdir(dir)))
		if (str_ends(d->d_name, NEW_SUFFIX))
			sweep(dirfd(dir), d->d_name);
		else if (d->d_name[0] != '.')
			r = strv_add(&names, d->d_name);
	closedir(dir);
	if (r < 0)
		return err_set(e, ENOMEM, "the records of deploy keys");
	*ret = steal_ptr(&names);
	return 0;
}

/* ---- one of them */

static json_t *first_line(
	const char *slug, const struct plan_deploy_key *k, const char *public_line)
{
	cleanup_json json_t *keys = plan_deploy_keys_to_json(k, 1);

	return json_pack("{s:s, s:s, s:I, s:O}", "slug", slug, "public", public_line, "at",
		(json_int_t)time(NULL), "key", json_array_get(keys, 0));
}

/* Locked. A sweep that came between the two calls took the name away, and another is made. */
static int open_new(int dirfd, const char *name, struct err *e)
{
	for (int tries = 0; tries < OPEN_TRIES; tries++) {
		cleanup_fd int fd = openat(dirfd, name,
			O_RDWR | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
		struct stat st;

		if (fd < 0 || flock(fd, LOCK_EX) < 0 || fstat(fd, &st) < 0)
			return err_set(e, errno, "make the record of a deploy key");
		if (st.st_nlink > 0)
			return steal_fd(&fd);
	}
	return err_say(e, EBUSY, "the record of a deploy key was taken away each time it was made");
}

/* Under another name until it is whole: what is found is always a record. */
static int write_new(struct key_record *r, json_t *first, struct err *e)
{
	cleanup_free char *before = str_format("%s" NEW_SUFFIX, r->name);
	int rc;

	if (!before)
		return err_set(e, ENOMEM, "the record of a deploy key");
	r->fd = open_new(r->dirfd, before, e);
	if (r->fd < 0)
		return r->fd;
	rc = add_line(r->fd, first, e);
	if (rc == 0 && fsync(r->fd) < 0)
		rc = err_set(e, errno, "write the record of a deploy key");
	if (rc == 0 && renameat(r->dirfd, before, r->dirfd, r->name) < 0)
		rc = err_set(e, errno, "name the record of a deploy key");
	if (rc < 0)
		(void)unlinkat(r->dirfd, before, 0);
	return rc;
}

int key_record_new(const char *state_home, const char *slug, const struct plan_deploy_key *k,
	const char *public_line, struct key_record *ret, struct err *e)
{
	cleanup_json json_t *first = first_line(slug, k, public_line);
	int r;

	*ret = KEY_RECORD_NONE;
	ret->name = name_of(public_line);
	if (!first || !ret->name)
		return err_set(e, ENOMEM, "the record of a deploy key");
	ret->dirfd = open_dir(state_home, true, e);
	r = ret->dirfd < 0 ? ret->dirfd : write_new(ret, first, e);
	if (r == 0)
		r = load(ret, e);
	if (r < 0)
		key_record_done(ret);
	return r;
}

int key_record_made(struct key_record *r, int64_t id, struct err *e)
{
	cleanup_json json_t *j = json_pack("{s:I}", "id", (json_int_t)id);

	r->id = id;
	return add_line(r->fd, j, e);
}

int key_record_failed(struct key_record *r, const char *why, struct err *e)
{
	cleanup_json json_t *j =
		json_pack("{s:s, s:I}", "failure", why, "at", (json_int_t)time(NULL));
	struct stat st;

	if (fstat(r->fd, &st) < 0)
		return err_set(e, errno, "the record of a deploy key");
	/* What is tried for ever does not fill the disk: the times of the file tell of the rest. */
	if (st.st_size > KEY_RECORD_MAX - FAILURE_MAX * 4)
		return 0;
	return add_line(r->fd, j, e);
}

int key_record_remove(struct key_record *r, struct err *e)
{
	return unlinkat(r->dirfd, r->name, 0) < 0 && errno != ENOENT
		       ? err_set(e, errno, "remove the record '%s' of a deploy key", r->name)
		       : 0;
}

/* Its name may have gone, or be another's, between the opening and the lock. */
static int lock(struct key_record *r, struct err *e)
{
	struct stat held, named;

	if (flock(r->fd, LOCK_EX | LOCK_NB) < 0)
		return errno == EWOULDBLOCK
			       ? err_say(e, EBUSY, "somebody is at work on '%s'", r->name)
			       : err_set(e, errno, "lock '%s'", r->name);
	if (fstat(r->fd, &held) < 0 ||
		fstatat(r->dirfd, r->name, &named, AT_SYMLINK_NOFOLLOW) < 0 ||
		held.st_ino != named.st_ino || held.st_dev != named.st_dev)
		return err_say(e, ENOENT, "'%s' is gone", r->name);
	return 0;
}

static int open_one(const char *state_home, const char *name, struct key_record *ret, struct err *e)
{
	ret->name = strdup(name);
	if (!ret->name || strchr(name, '/'))
		return err_say(e, EINVAL, "'%s' is no record of a deploy key", name);
	ret->dirfd = open_dir(state_home, false, e);
	if (ret->dirfd < 0)
		return ret->dirfd;
	if (ret->fd < 0)
		ret->fd = openat(
			ret->dirfd, name, O_RDWR | O_APPEND | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	return ret->fd < 0 ? err_set(e, errno, "open '%s/" KEY_RECORD_DIR "/%s'", state_home, name)
			   : 0;
}

int key_record_open(
	const char *state_home, const char *name, int fd, struct key_record *ret, struct err *e)
{
	int r;

	*ret = KEY_RECORD_NONE;
	ret->fd = fd;
	r = open_one(state_home, name, ret, e);
	if (r == 0)
		r = lock(ret, e);
	if (r == 0)
		r = load(ret, e);
	if (r < 0)
		key_record_done(ret);
	return r;
}

void key_record_done(struct key_record *r)
{
	free(r->name);
	fd_close(&r->dirfd);
	fd_close(&r->fd);
	plan_deploy_key_done(&r->key);
	free(r->slug);
	free(r->public_line);
	free(r->failure);
	*r = KEY_RECORD_NONE;
}

const char *key_record_say(const struct key_record *r, char *buf, size_t size)
{
	char id[32] = "its id is not known";

	if (r->id)
		snprintf(id, sizeof(id), "id %" PRId64, r->id);
	snprintf(buf, size, "the deploy key '%s' (%s) of '%s' at %s", r->key.title, id,
		r->key.repository, r->key.api_url);
	return buf;
}
