#include <errno.h>
#include <fcntl.h>
#include <hs/hs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/path.h"
#include "base/ptr.h"
#include "base/sha256.h"
#include "base/str.h"
#include "scan/cache.h"
#include "scan/compile.h"
#include "scan/image.h"
#include "scan/ruleset.h"

#define ALIGN	  64
#define NAME_SIZE 80

struct sources {
	const char *text, *name;
	size_t len;
};

/* "rules-DIGEST" of all that the file's contents depend on. */
static int file_name(const struct sources *from, char name[NAME_SIZE], struct err *e)
{
	cleanup_str struct str all = {0};
	unsigned char digest[SHA256_SIZE];
	size_t at;

	str_addf(&all, "%u %u %u %s %zu ", SCAN_CACHE_VERSION, IMAGE_VERSION, image_features(),
		hs_version(), ruleset_builtin_len);
	str_add_bytes(&all, ruleset_builtin, ruleset_builtin_len);
	str_add(&all, from->text ? "with" : "without");
	if (from->text)
		str_add_bytes(&all, from->text, from->len);
	if (all.failed)
		return err_set(e, ENOMEM, "compiled rules");
	sha256(all.s, all.len, digest);
	at = (size_t)snprintf(name, NAME_SIZE, "rules-");
	for (size_t i = 0; i < sizeof(digest); i++)
		at += (size_t)snprintf(name + at, NAME_SIZE - at, "%02x", digest[i]);
	return 0;
}

static int open_dir(const char *dir, struct err *e)
{
	int r = path_mkdir_p(dir, 0700, e), fd;

	if (r == 0)
		r = path_check_strict(dir, geteuid(), e);
	if (r < 0)
		return r;
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? err_set(e, errno, "open '%s'", dir) : fd;
}

/* The file as it is there; -1: none, or none that can be used. */
static int open_good(int dirfd, const char *name)
{
	cleanup_fd int fd = openat(dirfd, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
	struct scan_cache c = {0};
	struct stat st;
	struct err why;

	if (fd < 0 || fstat(fd, &st) < 0 || (st.st_uid && st.st_uid != geteuid()) ||
		(st.st_mode & 022) || scan_cache_map(fd, &c, &why) < 0)
		return -1;
	scan_cache_unmap(&c);
	return steal_fd(&fd);
}

static int compile(const struct sources *from, void **ret, size_t *ret_len, struct err *e)
{
	cleanup_ruleset struct ruleset rules = {0};
	int r = ruleset_read(
		&rules, ruleset_builtin, ruleset_builtin_len, "built-in rules", true, e);

	if (r >= 0 && from->text)
		r = ruleset_read(&rules, from->text, from->len, from->name, false, e);
	return r < 0 ? r : matcher_compile(&rules, ret, ret_len, e);
}

static void pad(struct str *s)
{
	static const char zeros[ALIGN];

	str_add_bytes(s, zeros, (ALIGN - s->len % ALIGN) % ALIGN);
}

/* The file's bytes. */
static int contents(const struct sources *from, struct str *to, struct err *e)
{
	struct scan_cache_head h = {.magic = SCAN_CACHE_MAGIC, .version = SCAN_CACHE_VERSION};
	cleanup_free void *compiled = NULL;
	size_t len = 0;
	int r = compile(from, &compiled, &len, e);

	if (r < 0)
		return r;
	h.compiled_len = len;
	str_add_bytes(to, &h, sizeof(h));
	pad(to);
	h.compiled_at = to->len;
	str_add_bytes(to, compiled, len);
	pad(to);
	h.rules_at = to->len;
	h.rules_len = from->text ? from->len : 0;
	h.has_rules = from->text != NULL;
	if (from->text)
		str_add_bytes(to, from->text, from->len);
	if (to->failed)
		return err_set(e, ENOMEM, "compiled rules");
	h.len = to->len;
	h.sum = scan_cache_sum(&h, to->s + sizeof(h), to->len - sizeof(h));
	memcpy(to->s, &h, sizeof(h));
	return 0;
}

/* Beside, then renamed: who opens it at the same time sees all of it, or another's of the same. */
static int write_file(int dirfd, const char *name, const struct str *bytes, struct err *e)
{
	char beside[NAME_SIZE + 32];
	cleanup_fd int fd = -1;
	int r;

	snprintf(beside, sizeof(beside), "%s.%ld", name, (long)getpid());
	/* One of a process that ended amid. */
	(void)unlinkat(dirfd, beside, 0);
	fd = openat(dirfd, beside, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return err_set(e, errno, "create compiled rules '%s'", beside);
	r = fd_write_all(fd, bytes->s, bytes->len);
	if (r == 0 && fsync(fd) < 0)
		r = -errno;
	if (r == 0 && renameat(dirfd, beside, dirfd, name) < 0)
		r = -errno;
	if (r < 0) {
		(void)unlinkat(dirfd, beside, 0);
		return err_set(e, -r, "write compiled rules '%s'", name);
	}
	return 0;
}

int scan_cache_open(const char *dir, const char *rules_text, size_t rules_len,
	const char *rules_name, struct err *e)
{
	struct sources from = {.text = rules_text, .len = rules_len, .name = rules_name};
	cleanup_str struct str bytes = {0};
	cleanup_fd int dirfd = open_dir(dir, e);
	char name[NAME_SIZE];
	int r = dirfd < 0 ? dirfd : file_name(&from, name, e), fd;

	if (r < 0)
		return r;
	fd = open_good(dirfd, name);
	if (fd >= 0)
		return fd;
	r = contents(&from, &bytes, e);
	if (r == 0)
		r = write_file(dirfd, name, &bytes, e);
	if (r < 0)
		return r;
	fd = open_good(dirfd, name);
	return fd >= 0 ? fd
		       : err_say(e, EIO, "compiled rules '%s/%s' cannot be read back", dir, name);
}
