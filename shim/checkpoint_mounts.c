#include "shim/checkpoint_mounts.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/path.h"
#include "base/ptr.h"
#include "shim/criu_opts.h"
#include "shim/mount.h"
#include "shim/mount_options.h"
#include "shim/rootfs.h"

#define NULL_DEVICE "/dev/null"

/* Called for each mount from outside: its place in the container, and its source on the host. */
struct visit {
	int (*see)(struct visit *v, const char *place, const char *source, struct err *e);
	struct str *opts;
	int rootfd; /* of the running container */
};

static bool is_bind(const struct oci_mount *m)
{
	return str_eq(m->type, "bind") || strv_has(m->options, "bind") ||
	       strv_has(m->options, "rbind");
}

static bool is_cgroup(const struct oci_mount *m)
{
	return str_eq(m->type, "cgroup") || str_eq(m->type, "cgroup2");
}

/* Outside a cgroup namespace they are binds of the container's own groups (mount_cgroup.c). */
static int each_cgroup(
	struct visit *v, const struct oci_mount *m, const struct cgroup *cg, struct err *e)
{
	cleanup_free struct cgroup_mount *list = NULL;
	size_t n = 0;
	int r = cgroup_mounts(cg, &list, &n, e);

	if (r == 0 && n == 0)
		r = v->see(v, m->destination, "/sys/fs/cgroup", e);
	for (size_t i = 0; r == 0 && i < n; i++) {
		cleanup_free char *place =
			list[i].v2 ? strdup(m->destination)
				   : str_format("%s/%s", m->destination, list[i].name);

		r = place ? v->see(v, place, list[i].dir, e) : err_set(e, ENOMEM, "mounts");
	}
	return r;
}

static int each_external(
	struct visit *v, const struct oci *oci, const struct cgroup *cg, struct err *e)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < oci->n_mounts; i++) {
		const struct oci_mount *m = &oci->mounts[i];

		if (is_bind(m))
			r = v->see(v, m->destination, m->source, e);
		else if (is_cgroup(m) && !oci->ns[OCI_NS_CGROUP].present)
			r = each_cgroup(v, m, cg, e);
	}
	/* Nodes are bound where a user namespace forbids to make them. */
	for (size_t i = 0; r == 0 && oci->ns[OCI_NS_USER].present && i < oci->n_devices; i++)
		r = v->see(v, oci->devices[i].path, oci->devices[i].path, e);
	return r;
}

/* Where `path` is in the container once its symlinks are followed: so the mount table has it. */
static int real_place(int rootfd, const char *path, char **ret, bool *ret_directory, struct err *e)
{
	cleanup_fd int fd = path_open_in_root(rootfd, path, O_PATH, 0);
	char self[32], real[PATH_MAX];
	struct stat st;
	ssize_t n;

	if (fd < 0 || fstat(fd, &st) < 0)
		return err_set(e, fd < 0 ? -fd : errno, "open '%s' in the container's root", path);
	n = readlink(path_of_fd(fd, self, sizeof(self)), real, sizeof(real) - 1);
	if (n < 0)
		return err_set(e, errno, "find the mount of '%s'", path);
	real[n] = '\0';
	*ret_directory = S_ISDIR(st.st_mode);
	*ret = strdup(real);
	return *ret ? 0 : err_set(e, ENOMEM, "mounts");
}

static int note_place(struct visit *v, const char *place, const char *source, struct err *e)
{
	cleanup_free char *real = NULL;
	bool directory;
	int r = real_place(v->rootfd, place, &real, &directory, e);

	(void)source;
	/* Unmounted or covered by the container itself: criu will not meet it. */
	if (r == -ENOENT)
		return 0;
	if (r == 0)
		criu_opts_mount(v->opts, real, place);
	return r;
}

static int note_masked(struct visit *v, char *const *paths, struct err *e)
{
	for (; paths && *paths; paths++) {
		cleanup_free char *real = NULL;
		bool directory = false;
		int r = real_place(v->rootfd, *paths, &real, &directory, e);

		if (r == -ENOENT || r == -ENOTDIR)
			continue;
		if (r < 0)
			return r;
		/* A directory is covered by a tmpfs, which criu makes again. */
		if (!directory)
			criu_opts_mount(v->opts, real, NULL_DEVICE);
	}
	return 0;
}

int checkpoint_mounts_dump(
	struct str *opts, const struct oci *oci, const struct cgroup *cg, int rootfd, struct err *e)
{
	struct visit v = {note_place, opts, rootfd};
	int r = each_external(&v, oci, cg, e);

	return r < 0 ? r : note_masked(&v, oci->masked_paths, e);
}

static int tell_source(struct visit *v, const char *place, const char *source, struct err *e)
{
	if (access(source, F_OK) < 0)
		return err_set(e, errno, "mount '%s': its source '%s'", place, source);
	criu_opts_mount(v->opts, place, source);
	return 0;
}

int checkpoint_mounts_restore(
	struct str *opts, const struct oci *oci, const struct cgroup *cg, struct err *e)
{
	struct visit v = {tell_source, opts, -1};
	int r = each_external(&v, oci, cg, e);

	if (r == 0 && oci->masked_paths)
		criu_opts_mount(opts, NULL_DEVICE, NULL_DEVICE);
	return r;
}

/* ---- targets */

static bool is_below(const char *path, const char *directory)
{
	size_t len = strlen(directory);

	while (len > 1 && directory[len - 1] == '/')
		len--;
	return strncmp(path, directory, len) == 0 && (path[len] == '/' || len == 1);
}

/* The last mount before `m` that covers its target; NULL: the root. */
static const struct oci_mount *holder(const struct oci *oci, const struct oci_mount *m)
{
	const struct oci_mount *found = NULL;

	for (const struct oci_mount *o = oci->mounts; o < m; o++)
		if (is_below(m->destination, o->destination))
			found = o;
	return found;
}

static bool is_directory(const struct oci_mount *m)
{
	struct stat st;

	return !is_bind(m) || stat(m->source, &st) < 0 || S_ISDIR(st.st_mode);
}

static int make_target(const struct oci *oci, const struct oci_mount *m, int rootfd, struct err *e)
{
	const struct oci_mount *in = holder(oci, m);
	cleanup_fd int bound = -1, target = -1;
	const char *path = m->destination;

	if (is_cgroup(m) || (in && !is_bind(in)))
		return 0;
	if (in) {
		bound = open(in->source, O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (bound < 0)
			return err_set(e, errno, "mount '%s': '%s'", in->destination, in->source);
		path += strlen(in->destination);
	}
	target = rootfs_target(in ? bound : rootfd, path, is_directory(m), NULL, e);
	return target < 0 ? target : 0;
}

int checkpoint_mounts_make_targets(const struct oci *oci, int rootfd, struct err *e)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < oci->n_mounts; i++)
		r = make_target(oci, &oci->mounts[i], rootfd, e);
	return r;
}
