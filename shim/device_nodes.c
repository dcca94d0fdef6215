#include "shim/device_nodes.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/fd.h"
#include "shim/device.h"
#include "shim/mount.h"

/* Of the host, for an id of the container; no map at all is the identity. */
static bool host_id(const struct oci_id_map *map, size_t n, uint32_t id, uint32_t *ret)
{
	*ret = id;
	for (size_t i = 0; i < n; i++) {
		*ret = map[i].host_id + (id - map[i].container_id);
		if (id >= map[i].container_id && id - map[i].container_id < map[i].size)
			return true;
	}
	return n == 0;
}

static int own_node(
	const struct oci *oci, int dir, const char *name, const struct oci_device *d, struct err *e)
{
	uint32_t uid, gid;

	/* The map of one that is joined is not known: its nodes stay the host's root's. */
	if (oci->ns[OCI_NS_USER].path && oci->n_uid_maps == 0)
		return 0;
	if (!host_id(oci->uid_maps, oci->n_uid_maps, d->uid, &uid) ||
		!host_id(oci->gid_maps, oci->n_gid_maps, d->gid, &gid))
		return d->uid || d->gid ? err_say(e, EINVAL,
						  "device '%s': the user namespace has no id %u:%u",
						  d->path, d->uid, d->gid)
					: 0;
	if (fchownat(dir, name, uid, gid, AT_SYMLINK_NOFOLLOW) < 0)
		return err_set(e, errno, "give device '%s' to %u:%u", d->path, uid, gid);
	return 0;
}

/* 1: made; 0: the host does not let us. */
static int make_node(
	const struct oci *oci, int dir, size_t n, const struct oci_device *d, struct err *e)
{
	char name[24];
	int r;

	if (d->type == 'p')
		return 1;
	snprintf(name, sizeof(name), "%zu", n);
	if (mknodat(dir, name, device_file_type(d) | d->mode,
		    makedev((unsigned)d->major, (unsigned)d->minor)) < 0)
		return errno == EPERM ? 0 : err_set(e, errno, "make device '%s'", d->path);
	/* Whatever our umask is. */
	if (fchmodat(dir, name, d->mode, 0) < 0)
		return err_set(e, errno, "set the mode of device '%s'", d->path);
	r = own_node(oci, dir, name, d, e);
	return r < 0 ? r : 1;
}

int device_nodes_make(const struct oci *oci, int *ret, struct err *e)
{
	char mode[] = "mode=711";
	char *data[] = {mode, NULL};
	struct mount_options o = {.set = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC, .data = data};
	const struct oci_device *d;
	cleanup_fd int nodes = -1;
	int r = 1;

	if (!device_at(oci, 0))
		return 0;
	nodes = mount_new("tmpfs", "devices", &o, NULL, e);
	if (nodes < 0)
		return nodes;
	for (size_t n = 0; r > 0 && (d = device_at(oci, n)); n++)
		r = make_node(oci, nodes, n, d, e);
	if (r > 0)
		*ret = steal_fd(&nodes);
	return r < 0 ? r : 0;
}

int device_nodes_attach(int nodes, int rootfd, struct err *e)
{
	return mount_attach(nodes, rootfd, e);
}

int device_nodes_detach(int nodes, struct err *e)
{
	cleanup_fd int here = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (here < 0 || fchdir(nodes) < 0 || umount2(".", MNT_DETACH) < 0 || fchdir(here) < 0)
		return err_set(e, errno, "detach the devices");
	return 0;
}

int device_nodes_open(int nodes, size_t n, struct err *e)
{
	cleanup_fd int node = -1;
	char name[24];

	snprintf(name, sizeof(name), "%zu", n);
	node = openat(nodes, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	return node < 0 ? err_set(e, errno, "open a device") : mount_clone_fd(node, false, e);
}
