#include "shim/provision.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/path.h"
#include "base/ptr.h"
#include "base/str.h"
#include "bundle/keystore.h"
#include "shim/mount.h"
#include "shim/provision_browser.h"

#define TRUST_MAX (4U << 20)

/* Its name in our file system: where it also stands by itself under PROVISION_DIR, that name. */
static const char *name_of(const struct plan_file *f, size_t index, char *buf, size_t size)
{
	const char *own = f->fallback ? f->fallback : f->path;
	const char *slash = strrchr(own, '/');

	if (str_starts(own, PROVISION_DIR "/"))
		return slash + 1;
	snprintf(buf, size, ".%zu-%s", index, slash ? slash + 1 : own);
	return buf;
}

/* The image's roots of trust, hostile input as all of it, with the bottle's own behind them. */
static char *trust_text(const struct rootfs *root, const char *path, const char *ca_pem)
{
	cleanup_free char *image = NULL;
	cleanup_str struct str s = {0};
	struct err ignored;

	/* Missing, no regular file or too long: then the bottle's is all there is to trust. */
	if (path && path_read_in_root(root->fd, path, TRUST_MAX, &image, NULL, &ignored) == 0)
		str_addf(&s, "%s\n", image);
	str_add(&s, ca_pem ? ca_pem : "");
	return str_take(&s);
}

int provision_write(
	int dir, const char *name, const void *p, size_t len, mode_t mode, struct err *e)
{
	cleanup_fd int fd =
		openat(dir, name, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
	int r = fd < 0 ? -errno : fd_write_all(fd, p, len);

	if (r == 0 && fchmod(fd, mode) < 0)
		r = -errno;
	return r < 0 ? err_set(e, -r, "write '%s' for the agent", name) : 0;
}

/* Where there is no certificate at all the store is empty, and nothing is trusted. */
static int write_java(int dir, const char *name, const char *pem, struct err *e)
{
	struct buf store = {0};
	int r = keystore_from_pem(pem, &store);

	if (r == 0 || r == -ENOENT)
		r = provision_write(dir, name, buf_data(&store), store.len, 0444, e);
	else
		err_set(e, -r, "'%s'", name);
	buf_done(&store);
	return r;
}

static int fill_one(const struct rootfs *root, const struct plan_file *f, int dir, const char *name,
	const char *ca_pem, struct err *e)
{
	bool java = f->kind == PLAN_FILE_JAVA_ROOTS;
	cleanup_free char *trust = NULL;

	if (f->kind == PLAN_FILE_TEXT)
		return provision_write(
			dir, name, f->text, strlen(f->text), f->mode ? f->mode : 0444, e);
	if (f->kind == PLAN_FILE_CHROMIUM)
		return provision_browser(root->fd, f->path, dir, name, ca_pem, e);
	trust = trust_text(root, java ? f->roots : f->path, ca_pem);
	if (!trust)
		return err_set(e, ENOMEM, "'%s'", f->path);
	return java ? write_java(dir, name, trust, e)
		    : provision_write(dir, name, trust, strlen(trust), 0444, e);
}

static int fill(const struct rootfs *root, const struct plan_bottle *b, int dir, const char *ca_pem,
	struct err *e)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < b->n_files; i++) {
		char buf[300];

		r = fill_one(root, &b->files[i], dir, name_of(&b->files[i], i, buf, sizeof(buf)),
			ca_pem, e);
	}
	return r;
}

static int use_fallback(const struct plan_file *f, char ***env, struct err *e)
{
	cleanup_free char *names = f->env ? strdup(f->env) : NULL;
	char *save = NULL;

	if (!f->env)
		return 0;
	if (!names)
		return err_set(e, ENOMEM, "environment");
	for (char *n = strtok_r(names, " ", &save); n; n = strtok_r(NULL, " ", &save))
		if (env_set(env, n, f->fallback) < 0)
			return err_set(e, ENOMEM, "environment");
	return 0;
}

static int cover(struct rootfs *root, const struct plan_file *f, const char *name, char ***env,
	struct err *e)
{
	cleanup_free char *source = str_format(PROVISION_DIR "/%s", name);
	cleanup_fd int target = -1, file = -1, mount = -1;
	bool made = false;

	if (!source)
		return err_set(e, ENOMEM, "'%s'", f->path);
	target = path_open_in_root(root->fd, f->path, O_PATH, 0);
	if (target == -ENOENT && f->fallback)
		return use_fallback(f, env, e);
	if (target < 0)
		target = rootfs_target(root->fd, f->path, false, &made, e);
	if (target < 0)
		return target;
	if (made && strv_add(&root->made, f->path) < 0)
		return err_set(e, ENOMEM, "'%s'", f->path);
	file = path_open_in_root(root->fd, source, O_PATH | O_NOFOLLOW, 0);
	if (file < 0)
		return err_set(e, -file, "open '%s'", source);
	mount = mount_clone_fd(file, false, e);
	return mount < 0 ? mount : mount_attach(mount, target, e);
}

static int attach(const struct rootfs *root, int mount, struct err *e)
{
	cleanup_fd int target = rootfs_target(root->fd, PROVISION_DIR, true, NULL, e);
	int r = target < 0 ? target : mount_attach(mount, target, e);

	if (r < 0)
		return r;
	/* Per mount, so that the copies over single files are read-only, too. */
	return mount_set_attributes(mount,
		MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC, false,
		e);
}

int provision_files(struct rootfs *root, const struct plan_bottle *bottle, const char *ca_pem,
	char ***env, struct err *e)
{
	char mode[] = "mode=0755,size=16m";
	char *data[] = {mode, NULL};
	struct mount_options o = {.data = data};
	cleanup_fd int mount = mount_new("tmpfs", "bottle", &o, root->oci->mount_label, e);
	int r = mount < 0 ? mount : fill(root, bottle, mount, ca_pem, e);

	if (r == 0)
		r = attach(root, mount, e);
	for (size_t i = 0; r == 0 && i < bottle->n_files; i++) {
		const struct plan_file *f = &bottle->files[i];
		char buf[300];

		if (!str_starts(f->path, PROVISION_DIR "/"))
			r = cover(root, f, name_of(f, i, buf, sizeof(buf)), env, e);
	}
	return r < 0 ? err_wrap(e, "files of the bottle") : 0;
}

int provision_placeholders(
	const char *rootfs, const struct plan_bottle *bottle, char ***ret, struct err *e)
{
	cleanup_fd int root = open(rootfs, O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (root < 0)
		return err_set(e, errno, "open '%s'", rootfs);
	for (size_t i = 0; i < bottle->n_files; i++) {
		const struct plan_file *f = &bottle->files[i];
		cleanup_fd int there = -1;

		if (f->fallback || str_starts(f->path, PROVISION_DIR "/"))
			continue;
		there = path_open_in_root(root, f->path, O_PATH, 0);
		if (there == -ENOENT && strv_add(ret, f->path) < 0)
			return err_set(e, ENOMEM, "'%s'", f->path);
	}
	return 0;
}
