#include "control/hostroot.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/path.h"
#include "base/ptr.h"
#include "base/str.h"

/* Mount points and empty directories. */
static const char *const directories[] = {"dev", "proc", "sys", "tmp", "run", "home", "root", "usr",
	"etc", "etc/ssl", "var", "var/tmp", "var/cache", "var/lib", "mnt", "opt", "srv"};

/* Of a merged /usr symlinks; otherwise directories to be mounted. */
static const char *const usr_links[] = {"bin", "sbin", "lib", "lib32", "lib64", "libx32"};

/* Files of the host's /etc that are copied, symlinks as they are. Public by their nature. */
static const char *const etc_files[] = {"ld.so.cache", "ld.so.conf", "nsswitch.conf", "localtime",
	"services", "protocols", "ssl/openssl.cnf"};

/*
 * The trust store is copied, not mounted: what the bottle puts over its files must find them in the
 * root file system, as it does in an image.
 */
static const char *const etc_copied_dirs[] = {"ssl/certs", "ssl/certs/java"};

/* Directories of the host's /etc that are mounted read-only; patterns for the last part. */
static const char *const etc_dirs[] = {"alternatives", "ca-certificates", "ld.so.conf.d", "java-*",
	"python", "python[0-9]*", "perl", "chromium", "chromium.d"};

#define ETC_FILE_MAX (4U << 20)

static int copy_link(int dirfd, const char *from, const char *to, struct err *e)
{
	char target[PATH_MAX];
	ssize_t n = readlink(from, target, sizeof(target) - 1);

	if (n < 0)
		return err_set(e, errno, "read link '%s'", from);
	target[n] = '\0';
	if (symlinkat(target, dirfd, to) < 0)
		return err_set(e, errno, "make link '%s'", to);
	return 0;
}

static int make_directory(int dirfd, const char *name, struct err *e)
{
	if (mkdirat(dirfd, name, 0755) < 0 && errno != EEXIST)
		return err_set(e, errno, "make '%s'", name);
	return 0;
}

static int copy_file(int dirfd, const char *from, const char *to, struct err *e)
{
	cleanup_free char *text = NULL;
	size_t len;
	struct stat st;
	int r;

	if (lstat(from, &st) < 0)
		return 0; /* not every host has each of them */
	if (S_ISLNK(st.st_mode))
		return copy_link(dirfd, from, to, e);
	r = fd_read_file(AT_FDCWD, from, ETC_FILE_MAX, &text, &len, e);
	return r < 0 ? r : path_write_file(dirfd, to, text, len, 0644, e);
}

/* The files and symlinks of one directory, where the host has it. */
static int copy_directory(int dirfd, const char *from, const char *to, struct err *e)
{
	DIR *d = opendir(from);
	struct dirent *de;
	int r = d ? make_directory(dirfd, to, e) : 0;

	while (d && r >= 0 && (de = readdir(d))) {
		cleanup_free char *source = str_format("%s/%s", from, de->d_name);
		cleanup_free char *target = str_format("%s/%s", to, de->d_name);

		if (!source || !target)
			r = err_set(e, ENOMEM, "copy '%s'", from);
		else if (de->d_type == DT_REG || de->d_type == DT_LNK)
			r = copy_file(dirfd, source, target, e);
	}
	if (d)
		closedir(d);
	return r;
}

static int make_usr_links(int dirfd, struct err *e)
{
	char host[16];
	struct stat st;
	int r = 0;

	for (size_t i = 0; r >= 0 && i < ARRAY_LEN(usr_links); i++) {
		snprintf(host, sizeof(host), "/%s", usr_links[i]);
		if (lstat(host, &st) < 0)
			continue;
		r = S_ISLNK(st.st_mode) ? copy_link(dirfd, host, usr_links[i], e)
					: make_directory(dirfd, usr_links[i], e);
	}
	return r;
}

/* Each directory of the host's /etc that etc_dirs names, relative to /etc. Caller frees. */
static char **found_etc_dirs(void)
{
	char **found = NULL;
	struct stat st;

	for (size_t i = 0; i < ARRAY_LEN(etc_dirs); i++) {
		const char *slash = strrchr(etc_dirs[i], '/');
		const char *pattern = slash ? slash + 1 : etc_dirs[i];
		int before = slash ? (int)(slash + 1 - etc_dirs[i]) : 0;
		cleanup_free char *parent = str_format("/etc/%.*s", before, etc_dirs[i]);
		DIR *d = parent ? opendir(parent) : NULL;
		struct dirent *de;

		while (d && (de = readdir(d))) {
			if (fnmatch(pattern, de->d_name, FNM_PERIOD) != 0 ||
				fstatat(dirfd(d), de->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
				!S_ISDIR(st.st_mode))
				continue;
			strv_push(&found, str_format("%.*s%s", before, etc_dirs[i], de->d_name));
		}
		if (d)
			closedir(d);
	}
	return found;
}

static int make_etc(int dirfd, struct err *e)
{
	cleanup_strv char **found = found_etc_dirs();
	int r = 0;

	for (size_t i = 0; r >= 0 && found && found[i]; i++) {
		cleanup_free char *to = str_format("etc/%s", found[i]);

		r = to ? make_directory(dirfd, to, e) : err_set(e, ENOMEM, "make etc");
	}
	for (size_t i = 0; r >= 0 && i < ARRAY_LEN(etc_copied_dirs); i++) {
		cleanup_free char *from = str_format("/etc/%s", etc_copied_dirs[i]);

		r = from ? copy_directory(dirfd, from, from + 1, e)
			 : err_set(e, ENOMEM, "make etc");
	}
	for (size_t i = 0; r >= 0 && i < ARRAY_LEN(etc_files); i++) {
		cleanup_free char *from = str_format("/etc/%s", etc_files[i]);

		r = from ? copy_file(dirfd, from, from + 1, e) : err_set(e, ENOMEM, "make etc");
	}
	return r;
}

static int make_users(int dirfd, const struct hostroot_user *user, struct err *e)
{
	cleanup_str struct str passwd = {0}, group = {0};
	int r;

	str_add(&passwd, "root:x:0:0:root:/root:/bin/sh\n");
	str_add(&group, "root:x:0:\ntty:x:5:\n");
	if (user->uid != 0)
		str_addf(&passwd, "agent:x:%u:%u:agent:%s:/bin/sh\n", user->uid, user->gid,
			HOSTROOT_HOME);
	if (user->gid != 0 && user->gid != 5)
		str_addf(&group, "agent:x:%u:\n", user->gid);
	str_add(&passwd, "nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n");
	str_add(&group, "nogroup:x:65534:\n");
	if (passwd.failed || group.failed)
		return err_set(e, ENOMEM, "make passwd");
	r = path_write_file(dirfd, "etc/passwd", passwd.s, passwd.len, 0644, e);
	return r < 0 ? r : path_write_file(dirfd, "etc/group", group.s, group.len, 0644, e);
}

int hostroot_make(int dirfd, const struct hostroot_user *user, struct err *e)
{
	int r = 0;

	for (size_t i = 0; r >= 0 && i < ARRAY_LEN(directories); i++)
		r = make_directory(dirfd, directories[i], e);
	if (r >= 0)
		r = make_usr_links(dirfd, e);
	if (r >= 0)
		r = make_etc(dirfd, e);
	return r < 0 ? r : make_users(dirfd, user, e);
}

static void add_mount(
	json_t *list, const char *to, const char *type, const char *source, const char *options)
{
	json_t *opts = json_array();

	/* options: words separated by commas */
	for (const char *p = options; *p;) {
		size_t n = strcspn(p, ",");

		json_array_append_new(opts, json_stringn(p, n));
		p += n + (p[n] == ',');
	}
	json_array_append_new(list, json_pack("{s:s, s:s, s:s, s:o}", "destination", to, "type",
					    type, "source", source, "options", opts));
}

static void add_kernel_mounts(json_t *list)
{
	add_mount(list, "/proc", "proc", "proc", "nosuid,noexec,nodev");
	add_mount(list, "/dev", "tmpfs", "tmpfs", "nosuid,strictatime,mode=755,size=65536k");
	add_mount(list, "/dev/pts", "devpts", "devpts",
		"nosuid,noexec,newinstance,ptmxmode=0666,mode=0620,gid=5");
	add_mount(list, "/dev/shm", "tmpfs", "shm", "nosuid,noexec,nodev,mode=1777");
	add_mount(list, "/dev/mqueue", "mqueue", "mqueue", "nosuid,noexec,nodev");
	add_mount(list, "/sys", "sysfs", "sysfs", "nosuid,noexec,nodev,ro");
}

/*
 * Not recursive: what the administrator mounted below /usr is not part of the host's programs. But
 * an ordinary user can take no mount away from another one.
 */
static void add_host_mounts(json_t *list)
{
	const char *options = geteuid() == 0 ? "bind,ro,nosuid,nodev" : "rbind,rro,rnosuid,rnodev";
	cleanup_strv char **found = found_etc_dirs();
	struct stat st;

	add_mount(list, "/usr", "bind", "/usr", options);
	for (size_t i = 0; i < ARRAY_LEN(usr_links); i++) {
		cleanup_free char *dir = str_format("/%s", usr_links[i]);

		if (dir && lstat(dir, &st) == 0 && S_ISDIR(st.st_mode))
			add_mount(list, dir, "bind", dir, options);
	}
	for (size_t i = 0; found && found[i]; i++) {
		cleanup_free char *dir = str_format("/etc/%s", found[i]);

		if (dir)
			add_mount(list, dir, "bind", dir, options);
	}
}

static void add_private_mounts(json_t *list, const struct hostroot_user *user)
{
	cleanup_free char *home =
		str_format("nosuid,nodev,mode=700,uid=%u,gid=%u", user->uid, user->gid);

	add_mount(list, "/tmp", "tmpfs", "tmpfs", "nosuid,nodev,mode=1777");
	add_mount(list, "/var/tmp", "tmpfs", "tmpfs", "nosuid,nodev,mode=1777");
	add_mount(list, "/run", "tmpfs", "tmpfs", "nosuid,nodev,mode=755");
	add_mount(list, "/home", "tmpfs", "tmpfs", "nosuid,nodev,mode=755");
	if (home)
		add_mount(list, HOSTROOT_HOME, "tmpfs", "tmpfs", home);
}

json_t *hostroot_mounts(const char *workspace, const struct hostroot_user *user)
{
	json_t *list = json_array();

	if (!list)
		return NULL;
	add_kernel_mounts(list);
	add_host_mounts(list);
	add_private_mounts(list, user);
	add_mount(list, workspace, "bind", workspace, "rbind,rw,nosuid,nodev");
	return list;
}
