#include "shim/mount_kernel.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/ptr.h"
#include "base/str.h"
#include "shim/mount.h"

static const struct {
	const char *type, *path;
	enum oci_ns ns; /* without one of its own the host's shows the same */
	bool readonly;
} hosts[] = {
	{"mqueue", "/dev/mqueue", OCI_NS_IPC, false},
	{"proc", "/proc", OCI_NS_PID, false},
	/* Of another network namespace's, too: it is read-only, and the best there is. */
	{"sysfs", "/sys", OCI_NS_COUNT, true},
};

/* What lies below comes with it, as the kernel lets nobody uncover it in a user namespace. */
static int clone_hosts(const struct rootfs *r, const char *type, uint64_t flags, struct err *e)
{
	for (size_t i = 0; i < ARRAY_LEN(hosts); i++) {
		cleanup_fd int fd = -1;

		if (strcmp(hosts[i].type, type) != 0)
			continue;
		if (hosts[i].ns != OCI_NS_COUNT && r->oci->ns[hosts[i].ns].present)
			break;
		fd = mount_clone(hosts[i].path, true, e);
		if (hosts[i].readonly)
			flags |= MOUNT_ATTR_RDONLY;
		if (fd < 0 ||
			mount_set_attributes(fd, flags & ~(uint64_t)MOUNT_ATTR__ATIME, true, e) < 0)
			return -e->code;
		return steal_fd(&fd);
	}
	return -EPERM;
}

/* The agent's sysfs was made in its network namespace, without flags. */
static int borrowed_sysfs(struct rootfs *r, const struct mount_options *o, struct err *e)
{
	cleanup_fd int fd = -1;
	int rc;

	/* Linux 6.1 copies no mount that is attached nowhere: the first use is the thing itself. */
	fd = r->sysfs_used ? mount_clone_fd(r->sysfs, false, e)
			   : fcntl(r->sysfs, F_DUPFD_CLOEXEC, 3);
	if (fd < 0)
		return r->sysfs_used ? fd : err_set(e, errno, "sysfs");
	r->sysfs_used = true;
	rc = mount_replace_flags(fd, o, false, e);
	return rc < 0 ? rc : steal_fd(&fd);
}

/* A group that the user namespace does not map cannot be named; everybody's terminal is his own. */
static int devpts_without_gid(const struct rootfs *r, const struct oci_mount *m,
	const struct mount_options *o, struct err *e)
{
	cleanup_free char **rest = calloc(strv_len(o->data) + 1, sizeof(*rest));
	struct mount_options less = *o;
	size_t n = 0;

	if (!rest)
		return err_set(e, ENOMEM, "mount options");
	for (char **d = o->data; d && *d; d++)
		if (!str_starts(*d, "gid="))
			rest[n++] = *d;
	less.data = rest;
	return mount_new(m->type, m->source, &less, r->oci->mount_label, e);
}

int mount_kernel(
	struct rootfs *r, const struct oci_mount *m, const struct mount_options *o, struct err *e)
{
	struct err other;
	int fd, hosts_fd;

	if (r->sysfs >= 0 && strcmp(m->type, "sysfs") == 0)
		return borrowed_sysfs(r, o, e);
	fd = mount_new(m->type, m->source, o, r->oci->mount_label, e);
	if (fd == -EINVAL && r->user_namespace && strcmp(m->type, "devpts") == 0)
		return devpts_without_gid(r, m, o, e);
	if (fd != -EPERM)
		return fd;
	hosts_fd = clone_hosts(r, m->type, o->set, &other);
	return hosts_fd >= 0 ? hosts_fd : fd;
}
