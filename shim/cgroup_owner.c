#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/ptr.h"
#include "base/str.h"
#include "shim/cgroup_impl.h"
#include "shim/userns.h"

/* Which files of a group its owner may write (cgroups(7), "Cgroups delegation"). */
#define DELEGATE_LIST "/sys/kernel/cgroup/delegate"

static int give_file(int dir, const char *name, uid_t uid, struct err *e)
{
	int flags = *name ? AT_SYMLINK_NOFOLLOW : AT_EMPTY_PATH;

	if (fchownat(dir, name, uid, (gid_t)-1, flags) == 0 || errno == ENOENT)
		return 0;
	/* Without privilege all that can be given is his who has it. */
	if (errno == EPERM && userns_is_rootless())
		return 0;
	return err_set(e, errno, "give '%s' of the container's cgroup to user %u",
		*name ? name : ".", uid);
}

static int give_files(int dir, uid_t uid, struct err *e)
{
	/* What a kernel without the list has. */
	static const char fallback[] = "cgroup.procs\ncgroup.subtree_control\ncgroup.threads\n";
	cleanup_free char *list = NULL;
	struct err ignored;
	char *save = NULL;
	int r;

	if (fd_read_file(AT_FDCWD, DELEGATE_LIST, 1 << 16, &list, NULL, &ignored) < 0)
		list = strdup(fallback);
	if (!list)
		return err_set(e, ENOMEM, "give a cgroup to a user");
	r = give_file(dir, "", uid, e);
	for (char *name = strtok_r(list, "\n", &save); r == 0 && name;
		name = strtok_r(NULL, "\n", &save))
		r = strchr(name, '/') ? 0 : give_file(dir, name, uid, e);
	return r;
}

/* A tree of groups that can be written, by who sees nothing above it. */
static bool shows_own_tree(const struct oci *oci)
{
	const struct oci_namespace *ns = &oci->ns[OCI_NS_CGROUP];

	for (size_t i = 0; ns->present && !ns->path && i < oci->n_mounts; i++) {
		const struct oci_mount *m = &oci->mounts[i];

		if (str_eq(m->source, "cgroup") && str_eq(m->destination, "/sys/fs/cgroup"))
			return !strv_has(m->options, "ro");
	}
	return false;
}

bool cgroup_owner(const struct oci *oci, uid_t *ret)
{
	const struct oci_namespace *user = &oci->ns[OCI_NS_USER];
	uid_t uid = oci->process ? oci->process->uid : 0;

	if (!shows_own_tree(oci) || (user->present && user->path))
		return false;
	*ret = uid;
	for (size_t i = 0; user->present && i < oci->n_uid_maps; i++) {
		const struct oci_id_map *map = &oci->uid_maps[i];

		if (uid >= map->container_id && uid - map->container_id < map->size) {
			*ret = map->host_id + (uid - map->container_id);
			return true;
		}
	}
	/* Without a user namespace: the same number. An unmapped user owns nothing. */
	return !user->present && uid != 0;
}

int cgroup_give_to(const struct cgroup *cg, uid_t uid, struct err *e)
{
	struct cgroup_hier *h = cgroup_is_pure_v2(cg) ? cgroup_find_v2(cg) : NULL;
	int r = h ? cgroup_tree_open(h, e) : 0;

	return r < 0 || !h ? r : give_files(h->dirfd, uid, e);
}

int cgroup_delegate(struct cgroup *cg, pid_t init, struct err *e)
{
	struct cgroup_hier *h = cgroup_find_v2(cg);
	cleanup_free char *file = NULL;
	cleanup_fd int dir = -1;
	struct stat st;
	int r;

	if (!cg->delegated || !h)
		return 0;
	r = cgroup_tree_open(h, e);
	if (r < 0)
		return r;
	r = cgroup_tree_make_below(h, cg->delegated, &dir, e);
	/* Whoever has the group above has this one, too. */
	if (r == 0 && fstat(h->dirfd, &st) == 0 && st.st_uid != 0)
		r = give_files(dir, st.st_uid, e);
	if (r < 0)
		return r;
	file = str_format("%s/cgroup.procs", cg->delegated);
	return file ? cgroup_writef(h, file, e, "%d", (int)init)
		    : err_set(e, ENOMEM, "delegate a cgroup");
}
