#include "shim/component_root.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/ptr.h"
#include "base/secret.h"
#include "base/str.h"
#include "gate/etc.h"

/*
 * Where the new root is put together: a directory that every host has, that no source lies under,
 * and whose content this process needs no more.
 */
#define SCAFFOLD "/proc"

#define READ_ONLY (MS_RDONLY | MS_NOSUID | MS_NODEV)

enum bind_kind { BIND_DIR, BIND_FILE };

/* What is taken from the host as it is. */
static const struct bind {
	const char *path; /* on the host and, without its '/', in the new root */
	enum bind_kind kind;
	unsigned long flags;
	bool optional;
	const char *why;
} binds[] = {
	{"/usr", BIND_DIR, READ_ONLY, false, "programs and libraries"},
	{"/etc/ssl/certs", BIND_DIR, READ_ONLY | MS_NOEXEC, true, "roots that upstreams chain to"},
	{"/etc/pki", BIND_DIR, READ_ONLY | MS_NOEXEC, true, "the same on Red Hat's systems"},
	{"/etc/ld.so.cache", BIND_FILE, READ_ONLY | MS_NOEXEC, true, "quick start of programs"},
	{"/dev/null", BIND_FILE, MS_NOSUID | MS_NOEXEC, false, "git and ssh want it"},
	{"/dev/urandom", BIND_FILE, MS_RDONLY | MS_NOSUID | MS_NOEXEC, false, "ssh wants it"},
};

/* /lib and its kin: links into /usr on merged systems, directories on others. */
static const char *const usr_kin[] = {"/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32"};

static const struct text_file {
	const char *path;
	const char *text;
} texts[] = {
	{"etc/hosts", "127.0.0.1 localhost\n"},
	{"etc/nsswitch.conf", "passwd: files\ngroup: files\nhosts: files dns\n"},
};

static int make_file(const char *path, const char *text, mode_t mode, struct err *e)
{
	cleanup_fd int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);
	int r;

	if (fd < 0)
		return err_set(e, errno, "make '/%s' of a component", path);
	r = fd_write_all(fd, text, strlen(text));
	return r < 0 ? err_set(e, -r, "write '/%s' of a component", path) : 0;
}

static int make_dir(const char *path, struct err *e)
{
	if (mkdir(path, 0755) < 0 && errno != EEXIST)
		return err_set(e, errno, "make '/%s' of a component", path);
	return 0;
}

static uint64_t attributes(unsigned long flags)
{
	return (flags & MS_RDONLY ? MOUNT_ATTR_RDONLY : 0) |
	       (flags & MS_NOSUID ? MOUNT_ATTR_NOSUID : 0) |
	       (flags & MS_NODEV ? MOUNT_ATTR_NODEV : 0) |
	       (flags & MS_NOEXEC ? MOUNT_ATTR_NOEXEC : 0);
}

/*
 * What the mount has already stays: in a user namespace none of it may be taken away. There a mount
 * on top of the source cannot be left out either (EINVAL, mount_namespaces(7)): it comes along.
 */
static int bind_mount(const char *source, const char *target, unsigned long flags, struct err *e)
{
	struct mount_attr attr = {.attr_set = attributes(flags)};
	int r = mount(source, target, NULL, MS_BIND, NULL);
	bool whole = r < 0 && errno == EINVAL;

	if (whole)
		r = mount(source, target, NULL, MS_BIND | MS_REC, NULL);
	if (r < 0 ||
		mount_setattr(AT_FDCWD, target, whole ? AT_RECURSIVE : 0, &attr, sizeof(attr)) < 0)
		return err_set(e, errno, "show '%s' to a component", source);
	return 0;
}

static int bind_file(const char *source, const char *target, unsigned long flags, struct err *e)
{
	int r = make_file(target, "", 0644, e);

	return r < 0 ? r : bind_mount(source, target, flags, e);
}

static int add_bind(const struct bind *b, struct err *e)
{
	const char *target = b->path + 1;
	int r;

	if (b->optional && access(b->path, F_OK) < 0)
		return 0;
	if (b->kind == BIND_FILE)
		return bind_file(b->path, target, b->flags, e);
	r = make_dir(target, e);
	return r < 0 ? r : bind_mount(b->path, target, b->flags, e);
}

static int add_usr_kin(const char *path, struct err *e)
{
	const struct bind dir = {path, BIND_DIR, READ_ONLY, false, "part of /usr elsewhere"};
	char target[PATH_MAX];
	ssize_t n = readlink(path, target, sizeof(target) - 1);

	if (n < 0)
		return errno == ENOENT ? 0 : add_bind(&dir, e);
	target[n] = '\0';
	if (symlink(target, path + 1) < 0)
		return err_set(e, errno, "link '%s' of a component", path);
	return 0;
}

static int add_texts(const struct component_root *root, struct err *e)
{
	cleanup_free char *passwd = str_format("%s:x:%u:%u:%s:/tmp:/usr/sbin/nologin\n", root->name,
		root->uid, root->uid, root->name);
	cleanup_free char *group = str_format("%s:x:%u:\n", root->name, root->uid);
	int r = 0;

	if (!passwd || !group)
		return err_set(e, ENOMEM, "a component's passwd line");
	for (size_t i = 0; r == 0 && i < ARRAY_LEN(texts); i++)
		r = make_file(texts[i].path, texts[i].text, 0644, e);
	if (r == 0)
		r = make_file("etc/passwd", passwd, 0644, e);
	return r == 0 ? make_file("etc/group", group, 0644, e) : r;
}

static int add_tmp(uint32_t uid, struct err *e)
{
	char data[96];

	snprintf(data, sizeof(data), "size=16m,nr_inodes=4096,mode=0700,uid=%u,gid=%u", uid, uid);
	if (mkdir("tmp", 0755) < 0 ||
		mount("tmpfs", "tmp", "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, data) < 0)
		return err_set(e, errno, "make '/tmp' of a component");
	return 0;
}

/* ---- credentials: records in a memfd become files in a tmpfs */

struct creds_record {
	char name[128];
	uint32_t len;
};

int component_creds_add(int memfd, const char *name, const void *data, size_t len, struct err *e)
{
	struct creds_record rec = {.len = (uint32_t)len};
	int r;

	if (!*name || strlen(name) >= sizeof(rec.name) || strchr(name, '/') || len > (1U << 20))
		return err_say(e, EINVAL, "'%s' cannot be a credential file", name);
	memcpy(rec.name, name, strlen(name));
	r = fd_write_all(memfd, &rec, sizeof(rec));
	if (r == 0)
		r = fd_write_all(memfd, data, len);
	return r < 0 ? err_set(e, -r, "hold credential '%s'", name) : 0;
}

static int write_cred(const struct creds_record *rec, const char *data, uint32_t uid, struct err *e)
{
	cleanup_fd int fd = open(rec->name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0400);
	int r;

	if (fd < 0)
		return err_set(e, errno, "make credential '%s'", rec->name);
	r = fd_write_all(fd, data, rec->len);
	if (r == 0 && fchown(fd, uid, uid) < 0)
		r = -errno;
	return r < 0 ? err_set(e, -r, "write credential '%s'", rec->name) : 0;
}

/* 1: one more; 0: the end. */
static int copy_cred(int memfd, uint32_t uid, struct err *e)
{
	struct creds_record rec;
	cleanup_free char *data = NULL;
	ssize_t n = fd_read_full(memfd, &rec, sizeof(rec));
	int r;

	if (n == 0)
		return 0;
	if (n != (ssize_t)sizeof(rec) || rec.len > (1U << 20))
		return err_say(e, EPROTO, "malformed credentials");
	data = malloc(rec.len + 1);
	if (!data)
		return err_set(e, ENOMEM, "credentials");
	if (fd_read_full(memfd, data, rec.len) != (ssize_t)rec.len)
		r = err_say(e, EPROTO, "malformed credentials");
	else
		r = write_cred(&rec, data, uid, e);
	secret_wipe(data, rec.len);
	return r < 0 ? r : 1;
}

#define OURS_FLAGS (MS_NOSUID | MS_NODEV | MS_NOEXEC)

/* A small file system to be filled by us, and then sealed. */
static int mount_ours(const char *path, struct err *e)
{
	if (mkdir(path, 0755) < 0)
		return err_set(e, errno, "make '/%s'", path);
	/* noswap is from Linux 6.4 on: EINVAL before. */
	if (mount("tmpfs", path, "tmpfs", OURS_FLAGS, "size=4m,mode=0755,noswap") < 0 &&
		(errno != EINVAL ||
			mount("tmpfs", path, "tmpfs", OURS_FLAGS, "size=4m,mode=0755") < 0))
		return err_set(e, errno, "mount '/%s'", path);
	return 0;
}

/* The file system itself, not only this mount: a write gives EROFS, whoever writes. */
static int seal(const char *path, struct err *e)
{
	if (mount(NULL, path, NULL, MS_REMOUNT | MS_RDONLY | OURS_FLAGS, NULL) < 0)
		return err_set(e, errno, "make '/%s' read-only", path);
	return 0;
}

/* The caller's directory is the new root, before and after. */
static int add_creds(int memfd, uint32_t uid, struct err *e)
{
	int r = mount_ours("git-gate/creds", e);

	if (r < 0)
		return r;
	if (chdir("git-gate/creds") < 0 || lseek(memfd, 0, SEEK_SET) < 0)
		return err_set(e, errno, "enter '/git-gate/creds'");
	do {
		r = copy_cred(memfd, uid, e);
	} while (r > 0);
	if (chdir("../..") < 0)
		return err_set(e, errno, "leave '/git-gate/creds'");
	return r == 0 ? seal("git-gate/creds", e) : r;
}

/* What git is configured by; nothing is executed from where the gate can write. */
static int add_git(const struct component_root *root, struct err *e)
{
	int r = make_dir("git", e);

	if (r == 0)
		r = bind_mount(root->git_dir, "git", MS_NOSUID | MS_NODEV | MS_NOEXEC, e);
	if (r == 0)
		r = mount_ours("git-gate/etc", e);
	if (r == 0)
		r = etc_lay_out("git-gate/etc", GATE_GIT_DIR, root->gate, e);
	return r == 0 ? seal("git-gate/etc", e) : r;
}

/* ---- putting it together; each step works in the new root as current directory */

static int make_parents(const char *path, struct err *e)
{
	int r = 0;

	for (const char *slash = strchr(path, '/'); r == 0 && slash;
		slash = strchr(slash + 1, '/')) {
		cleanup_free char *part = strndup(path, (size_t)(slash - path));

		r = part ? make_dir(part, e) : err_set(e, ENOMEM, "make '/%s'", path);
	}
	return r;
}

static int add_directory(const struct component_bind *b, struct err *e)
{
	int r = make_parents(b->target, e);

	if (r == 0)
		r = make_dir(b->target, e);
	return r < 0 ? r
		     : bind_mount(b->source, b->target,
			       b->writable ? MS_NOSUID | MS_NODEV | MS_NOEXEC
					   : READ_ONLY | MS_NOEXEC,
			       e);
}

static int add_asked(const struct component_root *root, struct err *e)
{
	int r = 0;

	if (root->resolv_conf)
		r = bind_file(root->resolv_conf, "etc/resolv.conf", READ_ONLY | MS_NOEXEC, e);
	if (r == 0 && (root->git_dir || root->creds_fd >= 0))
		r = make_dir("git-gate", e);
	if (r == 0 && root->git_dir)
		r = add_git(root, e);
	if (r == 0 && root->creds_fd >= 0)
		r = add_creds(root->creds_fd, root->uid, e);
	for (size_t i = 0; r == 0 && i < root->n_binds; i++)
		r = add_directory(&root->binds[i], e);
	return r;
}

static int add_all(const struct component_root *root, struct err *e)
{
	static const char *const dirs[] = {"etc", "etc/ssl", "dev"};
	int r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_LEN(dirs); i++)
		r = make_dir(dirs[i], e);
	for (size_t i = 0; r == 0 && i < ARRAY_LEN(binds); i++)
		r = add_bind(&binds[i], e);
	for (size_t i = 0; r == 0 && i < ARRAY_LEN(usr_kin); i++)
		r = add_usr_kin(usr_kin[i], e);
	if (r == 0)
		r = add_texts(root, e);
	if (r == 0)
		r = add_tmp(root->uid, e);
	return r == 0 ? add_asked(root, e) : r;
}

/* subset=pid: nothing of the host's, no sysctls, only the processes of this pid namespace. */
static int add_proc(struct err *e)
{
	if (mkdir("proc", 0555) < 0 ||
		mount("proc", "proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, "subset=pid") < 0)
		return err_set(e, errno, "make '/proc' of a component");
	return 0;
}

/* pivot_root(2), "pivot_root(".", ".")": the old root is stacked under the new one, then detached.
 */
static int enter(struct err *e)
{
	if (syscall(SYS_pivot_root, ".", ".") < 0)
		return err_set(e, errno, "pivot_root of a component");
	if (umount2(".", MNT_DETACH) < 0)
		return err_set(e, errno, "detach the host's file systems from a component");
	if (chdir("/") < 0)
		return err_set(e, errno, "enter a component's root");
	if (mount(NULL, "/", NULL, MS_REMOUNT | MS_BIND | READ_ONLY | MS_NOEXEC, NULL) < 0)
		return err_set(e, errno, "make a component's root read-only");
	return 0;
}

int component_root_enter(const struct component_root *root, struct err *e)
{
	int r;

	if (sethostname(root->name, strlen(root->name)) < 0)
		return err_set(e, errno, "set a component's host name");
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return err_set(e, errno, "make a component's mounts private");
	if (mount("tmpfs", SCAFFOLD, "tmpfs", MS_NOSUID | MS_NODEV, "size=1m,mode=0755") < 0 ||
		chdir(SCAFFOLD) < 0)
		return err_set(e, errno, "make a component's root");
	r = root->bare ? 0 : add_all(root, e);
	if (r == 0 && root->with_proc)
		r = add_proc(e);
	return r == 0 ? enter(e) : r;
}
