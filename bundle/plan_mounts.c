#include <errno.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statfs.h>

#include "base/ptr.h"
#include "bundle/plan_parts.h"

/*
 * Mounts of a bottle: none may show an engine's socket, the operator's directory, state, or the
 * host's /proc, /sys and /dev, be it by another name (symlinks are resolved) or by a bind mount
 * elsewhere (files are compared, too).
 */

static const char *const sockets[] = {"/run/docker.sock", "/var/run/docker.sock",
	"/run/containerd/containerd.sock", "/run/docker/containerd/containerd.sock",
	"/run/podman/podman.sock", "/run/crio/crio.sock", "/run/k3s/containerd/containerd.sock",
	"/run/dockershim.sock", "/run/cri-dockerd.sock"};
static const char *const kernel[] = {"/proc", "/sys", "/dev"};

/* Which bottle has which uids, and the compiled filters; --root may be elsewhere. */
static const char *const own[] = {"/run/bottle-shim", "/run/bottle-shim.cache"};

/* As realpath(3), but what does not exist yet stays as it is written. */
static char *resolve(const char *path)
{
	cleanup_free char *head = strdup(path), *real = NULL;

	while (head && *head) {
		char *slash;

		real = realpath(head, NULL);
		if (real)
			return str_format(
				"%s%s", str_eq(real, "/") ? "" : real, path + strlen(head));
		slash = strrchr(head, '/');
		if (!slash)
			break;
		*slash = '\0';
	}
	return strdup(path);
}

static bool holds_by_name(const char *dir, const char *path)
{
	size_t len = strlen(dir);

	while (len > 0 && dir[len - 1] == '/')
		len--;
	return strncmp(dir, path, len) == 0 && (path[len] == '/' || !path[len]);
}

/* Whether `path` or a directory above it is the file `dir`, whatever they are called. */
static bool holds_by_file(const char *dir, const char *path)
{
	cleanup_free char *at = strdup(path);
	struct stat want, st;

	if (!at || stat(dir, &want) < 0)
		return false;
	for (;;) {
		char *slash;

		if (stat(*at ? at : "/", &st) == 0 && st.st_dev == want.st_dev &&
			st.st_ino == want.st_ino)
			return true;
		slash = strrchr(at, '/');
		if (!slash)
			return false;
		*slash = '\0';
	}
}

static bool holds(const char *dir, const char *path)
{
	return holds_by_name(dir, path) || holds_by_file(dir, path);
}

/* What no mount may show. A string list, or NULL. */
static char **protected_paths(const struct plan_bottle *b, const char *root)
{
	cleanup_strv char **list = NULL;

	for (size_t i = 0; i < ARRAY_LEN(sockets); i++)
		if (strv_push(&list, resolve(sockets[i])) < 0)
			return NULL;
	for (size_t i = 0; i < ARRAY_LEN(own); i++)
		if (strv_push(&list, resolve(own[i])) < 0)
			return NULL;
	if (strv_push(&list, resolve(b->home)) < 0 ||
		strv_push(&list, resolve(b->state_home)) < 0 ||
		strv_push(&list, resolve(b->cache_dir)) < 0 ||
		strv_push(&list, resolve(b->store_dir)) < 0 ||
		(root && strv_push(&list, resolve(root)) < 0))
		return NULL;
	for (size_t i = 0; i < ARRAY_LEN(kernel); i++)
		if (strv_add(&list, kernel[i]) < 0)
			return NULL;
	return steal_ptr(&list);
}

static bool is_socket_name(const char *path)
{
	static const char *const names[] = {
		"/docker.sock", "/podman.sock", "/containerd.sock", "/crio.sock"};

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (str_ends(path, names[i]))
			return true;
	return false;
}

/*
 * A mount of proc or sysfs elsewhere, a device's node, or a socket: whoever listens there (an
 * engine whose socket has another name, an agent that holds keys) is a way out past the sidecar.
 */
static bool is_kernel_file(const char *path)
{
	struct statfs fs;
	struct stat st;

	if (stat(path, &st) == 0 &&
		(S_ISBLK(st.st_mode) || S_ISCHR(st.st_mode) || S_ISSOCK(st.st_mode)))
		return true;
	return statfs(path, &fs) == 0 &&
	       (fs.f_type == PROC_SUPER_MAGIC || fs.f_type == SYSFS_MAGIC);
}

/* ret_real (may be NULL): the source without symlinks, the caller's. */
static int check_source(const char *source, const char *destination, char *const *protected,
	char **ret_real, struct err *e)
{
	cleanup_free char *real = resolve(source);

	if (!real)
		return err_set(e, ENOMEM, "check the mount of '%s'", source);
	for (size_t i = 0; protected[i]; i++)
		if (holds(real, protected[i]) || holds(protected[i], real))
			return err_say(e, EPERM,
				"a bottle refuses the mount of '%s' on '%s' (-v or --mount): it "
				"would show '%s'",
				source, destination, protected[i]);
	if (is_socket_name(real) || is_kernel_file(real))
		return err_say(e, EPERM,
			"a bottle refuses the mount of '%s' on '%s' (-v or --mount): it is a "
			"socket, a device or a file of the kernel",
			source, destination);
	if (ret_real)
		*ret_real = steal_ptr(&real);
	return 0;
}

/* lowerdir=A:B,upperdir=C: an overlay shows these directories. */
static int check_overlay(const struct oci_mount *m, char *const *protected, struct err *e)
{
	for (char *const *o = m->options; o && *o; o++) {
		cleanup_free char *copy = NULL;
		char *rest, *dir;
		const char *eq = strchr(*o, '=');

		if (!eq || (!str_starts(*o, "lowerdir") && !str_starts(*o, "upperdir") &&
				   !str_starts(*o, "datadir")))
			continue;
		/* The kernel leaves it out of the name, and takes what follows as it is. */
		if (strchr(eq, '\\'))
			return err_say(e, EPERM,
				"a bottle refuses the mount of '%s' on '%s': a directory of an "
				"overlay with '\\' in its name cannot be checked; rename it",
				eq + 1, m->destination);
		rest = copy = strdup(eq + 1);
		if (!copy)
			return err_set(e, ENOMEM, "check a mount");
		while ((dir = strsep(&rest, ":")))
			if (*dir && check_source(dir, m->destination, protected, NULL, e) < 0)
				return -e->code;
	}
	return 0;
}

/* The root directory itself may lie anywhere, but must not hold what is protected. */
static int check_root(const struct oci *oci, char *const *protected, struct err *e)
{
	cleanup_free char *real = resolve(oci->root_path);

	if (!real)
		return err_set(e, ENOMEM, "check root.path");
	for (size_t i = 0; protected[i]; i++)
		if (holds(real, protected[i]))
			return err_say(e, EPERM,
				"a bottle refuses '%s' as its root (root.path): it would show '%s'",
				oci->root_path, protected[i]);
	return 0;
}

/* The option, whatever the type says. */
static bool is_bind(const struct oci_mount *m)
{
	return strv_has(m->options, "bind") || strv_has(m->options, "rbind");
}

/* File systems without a source: what stands there is a label, such as "tmpfs" or a path. */
static bool has_only_a_label(const struct oci_mount *m)
{
	static const char *const types[] = {
		"proc", "sysfs", "tmpfs", "devpts", "mqueue", "cgroup", "cgroup2"};

	if (is_bind(m))
		return false;
	for (size_t i = 0; i < ARRAY_LEN(types); i++)
		if (str_eq(m->type, types[i]))
			return true;
	return false;
}

/*
 * What was checked is what is mounted: the source is replaced by its real path, so that a symlink
 * in a directory that an agent can write changes nothing any more.
 */
static int check_mount(struct oci_mount *m, char *const *protected, struct err *e)
{
	char *real = NULL;
	int r = 0;

	if (str_eq(m->type, "overlay") && !is_bind(m))
		return check_overlay(m, protected, e);
	if (m->source && *m->source == '/' && !has_only_a_label(m))
		r = check_source(m->source, m->destination, protected, &real, e);
	if (!real)
		return r;
	free(m->source);
	m->source = real;
	return 0;
}

int plan_refuse_mounts(
	struct oci *oci, const struct plan_bottle *b, const char *root, struct err *e)
{
	cleanup_strv char **protected = protected_paths(b, root);
	int r;

	if (!protected)
		return err_set(e, ENOMEM, "check the mounts");
	r = check_root(oci, protected, e);
	for (size_t i = 0; r >= 0 && i < oci->n_mounts; i++)
		r = check_mount(&oci->mounts[i], protected, e);
	return r;
}

/* Whether `path`, without its needless slashes and dots, is `want`. */
static bool same_place(const char *path, const char *want)
{
	char clean[PATH_MAX];
	size_t len = 0;

	if (strlen(path) >= sizeof(clean))
		return false;
	while (*path) {
		size_t part = strcspn(path, "/");

		if (part == 2 && str_starts(path, "..")) {
			while (len > 0 && clean[--len] != '/')
				;
		} else if (part > 0 && !(part == 1 && *path == '.')) {
			clean[len++] = '/';
			memcpy(clean + len, path, part);
			len += part;
		}
		path += part + (path[part] == '/');
	}
	clean[len] = '\0';
	return str_eq(clean, want);
}

static void mount_done(struct oci_mount *m)
{
	free(m->destination);
	free(m->type);
	free(m->source);
	strv_free(m->options);
	free(m->uid_maps);
	free(m->gid_maps);
}

void plan_take_mounts(struct oci *oci, struct plan_bottle *b)
{
	size_t to = 0;

	for (size_t i = 0; i < oci->n_mounts; i++) {
		struct oci_mount *m = &oci->mounts[i];

		if (same_place(m->destination, "/etc/resolv.conf")) {
			free(b->resolv_conf);
			b->resolv_conf = steal_ptr(&m->source);
		} else if (!same_place(m->destination, "/etc/hosts")) {
			oci->mounts[to++] = *m;
			continue;
		}
		mount_done(m);
	}
	oci->n_mounts = to;
}
