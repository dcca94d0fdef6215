#include "shim/mount_cgroup.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/path.h"
#include "base/ptr.h"
#include "base/str.h"
#include "shim/mount.h"

/* The container's group of the host's, as a bind mount with the flags that the options name. */
static int clone_group(const char *dir, const struct mount_options *o, struct err *e)
{
	cleanup_fd int fd = mount_clone(dir, true, e);
	uint64_t flags = o->set & ~(uint64_t)MOUNT_ATTR__ATIME;

	if (fd < 0 || mount_set_attributes(fd, flags, true, e) < 0)
		return -e->code;
	return steal_fd(&fd);
}

/* A namespace shows the group as the root; a bind does the same for those outside one. */
static int make_hierarchy(const struct cgroup_mount *c, const struct mount_options *o,
	bool own_namespace, struct err *e)
{
	struct mount_options own = {.set = o->set};
	cleanup_free char *data = strdup(c->data);
	char *list[] = {data, NULL};
	int fd = -1;

	if (!data)
		return err_set(e, ENOMEM, "mount a cgroup");
	own.data = c->v2 ? o->data : *data ? list : NULL;
	if (own_namespace)
		fd = mount_new(c->v2 ? "cgroup2" : "cgroup", "cgroup", &own, NULL, e);
	/* What the kernel does not know is no reason to go on without it. */
	if (fd == -EINVAL && c->v2 && o->data && *o->data)
		return err_say(e, EINVAL,
			"mount of type cgroup2: %s: the kernel refuses '%s' or another of its "
			"options",
			strerror(EINVAL), *o->data);
	return fd >= 0 ? fd : clone_group(c->dir, o, e);
}

static int attach_hierarchy(int dir, const struct cgroup_mount *c, const struct mount_options *o,
	bool own_namespace, struct err *e)
{
	struct mount_options plain = *o;
	cleanup_fd int mount = -1, target = -1;
	int r;

	/* The data is the tmpfs's. */
	plain.data = NULL;
	mount = make_hierarchy(c, &plain, own_namespace, e);
	if (mount < 0)
		return mount;
	r = mount_configure(mount, &plain, e);
	if (r < 0)
		return r;
	if (mkdirat(dir, c->name, 0755) < 0 && errno != EEXIST)
		return err_set(e, errno, "make '%s'", c->name);
	target = openat(dir, c->name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (target < 0)
		return err_set(e, errno, "open '%s'", c->name);
	return mount_attach(mount, target, e);
}

/* "cpu" and "cpuacct" lead to "cpu,cpuacct". */
static int link_controllers(int dir, const char *name, struct err *e)
{
	cleanup_free char *copy = strdup(name);
	char *save = NULL;

	if (!copy)
		return err_set(e, ENOMEM, "links to a cgroup");
	if (!strchr(name, ','))
		return 0;
	for (char *p = strtok_r(copy, ",", &save); p; p = strtok_r(NULL, ",", &save))
		if (symlinkat(name, dir, p) < 0 && errno != EEXIST)
			return err_set(e, errno, "link '%s'", p);
	return 0;
}

static int attach_tmpfs(int target, struct err *e)
{
	char mode[] = "mode=755";
	char *data[] = {mode, NULL};
	struct mount_options o = {
		.set = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC, .data = data};
	cleanup_fd int tmpfs = mount_new("tmpfs", "tmpfs", &o, NULL, e);

	if (tmpfs < 0 || mount_attach(tmpfs, target, e) < 0)
		return -e->code;
	return steal_fd(&tmpfs);
}

static int mount_v1(int target, const struct cgroup_mount *list, size_t n,
	const struct mount_options *o, bool own_namespace, struct err *e)
{
	cleanup_fd int dir = attach_tmpfs(target, e);
	int r = dir < 0 ? dir : 0;

	for (size_t i = 0; r == 0 && i < n; i++) {
		r = attach_hierarchy(dir, &list[i], o, own_namespace, e);
		if (r == 0)
			r = link_controllers(dir, list[i].name, e);
	}
	if (r == 0 && (o->set & MOUNT_ATTR_RDONLY))
		r = mount_set_attributes(dir, MOUNT_ATTR_RDONLY, false, e);
	return r;
}

int mount_cgroup(int rootfd, const struct oci_mount *m, const struct mount_options *o,
	struct rootfs *r, struct err *e)
{
	bool own_namespace = r->oci->ns[OCI_NS_CGROUP].present;
	cleanup_free struct cgroup_mount *list = NULL;
	cleanup_fd int target = -1, mount = -1;
	size_t n = 0;
	int rc = cgroup_mounts(r->cgroup, &list, &n, e);

	if (rc < 0)
		return rc;
	target = rootfs_target(rootfd, m->destination, true, NULL, e);
	if (target < 0)
		return target;
	rc = rootfs_check_proc(r, m, -1, target, e);
	if (rc < 0)
		return rc;
	/* The host's groups would be the agent's own: its root is the host's, or the user. */
	if (n == 0 && r->in_bottle)
		return 0;
	if (n == 0)
		mount = clone_group("/sys/fs/cgroup", o, e);
	else if (list[0].v2)
		mount = make_hierarchy(&list[0], o, own_namespace, e);
	else
		return mount_v1(target, list, n, o, own_namespace, e);
	if (mount < 0)
		return mount;
	rc = mount_configure(mount, o, e);
	return rc < 0 ? rc : mount_attach(mount, target, e);
}
