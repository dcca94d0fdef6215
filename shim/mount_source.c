#include "shim/mount_source.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/str.h"
#include "shim/device_nodes.h"
#include "shim/mount.h"
#include "shim/mount_idmap.h"

/* A copy made in the host's namespace is its mounts' peer, unless it is made a slave. */
static int make_slave(int mount, struct err *e)
{
	struct mount_attr attr = {.propagation = MS_SLAVE};

	if (mount_setattr(mount, "", AT_EMPTY_PATH | AT_RECURSIVE, &attr, sizeof(attr)) < 0)
		return err_set(e, errno, "make a mount a slave of the host's");
	return 0;
}

static int detach_from_host(int mount, const struct oci *oci, struct err *e)
{
	unsigned long wanted;
	int r = mount_propagation(oci->rootfs_propagation, &wanted, e);

	return r < 0 || (wanted & MS_SHARED) ? r : make_slave(mount, e);
}

static int open_bind(const struct oci *oci, const struct oci_mount *m,
	const struct mount_options *o, struct err *e)
{
	cleanup_fd int fd = mount_clone_source(m->source, o, e);

	/* What is asked to be shared stays the peer of what it was made from. */
	if (fd < 0 || (o->propagation != MS_SHARED && detach_from_host(fd, oci, e) < 0))
		return -e->code;
	if (mount_idmap_wanted(m, o) && mount_idmap_apply(fd, m, o, oci, e) < 0)
		return -e->code;
	return steal_fd(&fd);
}

/* -1 with e->code 0: init does it. */
static int open_source(
	const struct oci *oci, const struct oci_mount *m, bool user_ns, struct err *e)
{
	struct mount_options o;
	int fd = mount_options_parse(m->options, &o, e);
	bool bind = o.bind || str_eq(m->type, "bind"), idmap = mount_idmap_wanted(m, &o);

	if (fd == 0 && idmap && !bind)
		fd = err_say(e, EINVAL, "only the ids of bind mounts can be mapped");
	else if (fd == 0 && idmap && geteuid() != 0)
		fd = err_say(e, EPERM, "ids can be mapped by the host's root only");
	else if (fd == 0 && bind && !o.remount && !o.copy_symlink &&
		 (user_ns || idmap || o.propagation == MS_SHARED))
		fd = geteuid() == 0 ? open_bind(oci, m, &o, e) : -1;
	else if (fd == 0)
		fd = -1;
	mount_options_done(&o);
	if (fd < 0 && e->code)
		return err_wrap(e, "error mounting \"%s\" to rootfs at \"%s\"",
			m->source ? m->source : (m->type ? m->type : ""), m->destination);
	return fd;
}

static int open_root(const struct oci *oci, struct mount_sources *ret, struct err *e)
{
	ret->root = mount_clone(oci->root_path, true, e);
	if (ret->root < 0)
		return err_wrap(e, "rootfs '%s'", oci->root_path);
	/* Always: what is mounted in it is the container's. */
	return make_slave(ret->root, e);
}

int mount_sources_open(const struct oci *oci, struct mount_sources *ret, struct err *e)
{
	bool user_ns = oci->ns[OCI_NS_USER].present && geteuid() == 0;
	int r = 0;

	*ret = (struct mount_sources){.root = -1, .devices = -1, .n = oci->n_mounts};
	ret->mounts = malloc((ret->n + 1) * sizeof(*ret->mounts));
	if (!ret->mounts)
		return err_set(e, ENOMEM, "mounts");
	for (size_t i = 0; i < ret->n; i++)
		ret->mounts[i] = -1;
	if (user_ns)
		r = open_root(oci, ret, e);
	if (r == 0 && user_ns)
		r = device_nodes_make(oci, &ret->devices, e);
	for (size_t i = 0; r == 0 && i < ret->n; i++) {
		e->code = 0;
		ret->mounts[i] = open_source(oci, &oci->mounts[i], user_ns, e);
		r = -e->code;
	}
	return r;
}

void mount_sources_done(struct mount_sources *s)
{
	for (size_t i = 0; s->mounts && i < s->n; i++)
		fd_close(&s->mounts[i]);
	free(s->mounts);
	fd_close(&s->root);
	fd_close(&s->devices);
	*s = (struct mount_sources){.root = -1, .devices = -1};
}
