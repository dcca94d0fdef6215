#include "control/rootless.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/ptr.h"
#include "base/str.h"
#include "base/subid.h"

#define CGROUP_ROOT "/sys/fs/cgroup"

static json_t *map(uint32_t container, uint32_t host, uint32_t size)
{
	return json_pack("{s:I, s:I, s:I}", "containerID", (json_int_t)container, "hostID",
		(json_int_t)host, "size", (json_int_t)size);
}

static json_t *maps(const char *file, uint32_t own)
{
	json_t *list = json_array();
	struct subid sub;
	struct err ignored;
	uint32_t size = 0, sidecars;

	if (subid_read(file, geteuid(), &sub, &ignored) == 0 && sub.n > 0) {
		/* Counted with the user's own id in front. */
		sidecars = subid_sidecars_first(sub.total + 1);
		size = sidecars ? sidecars - 1 : 0;
		if (size > sub.ranges[0].count)
			size = sub.ranges[0].count;
		if (size > own)
			size = own;
	}
	if (size > 0)
		json_array_append_new(list, map(0, sub.ranges[0].first, size));
	json_array_append_new(list, map(own, own, 1));
	return list;
}

json_t *rootless_uid_maps(const struct hostroot_user *user)
{
	return maps(SUBID_UIDS, user->uid);
}

json_t *rootless_gid_maps(const struct hostroot_user *user)
{
	return maps(SUBID_GIDS, user->gid);
}

/* The runtime makes its groups beside its own (cgroups(7), "Delegation"). */
bool rootless_may_limit(void)
{
	cleanup_free char *text = NULL, *beside = NULL;
	struct err ignored;
	char *path;

	if (geteuid() == 0)
		return true;
	if (access(CGROUP_ROOT "/cgroup.controllers", F_OK) < 0 ||
		fd_read_file(AT_FDCWD, "/proc/self/cgroup", 4096, &text, NULL, &ignored) < 0 ||
		!str_starts(text, "0::/"))
		return false;
	path = text + strlen("0::");
	path[strcspn(path, "\n")] = '\0';
	beside = str_format(CGROUP_ROOT "%s/../cgroup.subtree_control", path);
	return beside && access(beside, W_OK) == 0;
}
