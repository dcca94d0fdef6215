#include "shim/userns.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/proc.h"
#include "base/ptr.h"
#include "bundle/plan.h"
#include "shim/idmap.h"

/* PROC_USER_INIT_INO of the kernel: the first user namespace has it on every machine. */
#define FIRST_INODE 0xEFFFFFFDU

bool userns_is_rootless(void)
{
	struct stat st;

	return geteuid() != 0 || (stat("/proc/self/ns/user", &st) == 0 && st.st_ino != FIRST_INODE);
}

void userns_let_map(bool on)
{
	if (userns_is_rootless())
		(void)prctl(PR_SET_DUMPABLE, on, 0, 0, 0);
}

/* ---- which ids */

/* Root is the user himself, behind him come the ranges in their order. */
static int given_ids(
	const char *file, uint32_t own, struct oci_id_map *ret, size_t *ret_n, struct err *e)
{
	struct subid sub;
	uint32_t next = 1;
	int r = subid_read(file, geteuid(), &sub, e);

	if (r < 0)
		return r;
	ret[0] = (struct oci_id_map){.container_id = 0, .host_id = own, .size = 1};
	for (size_t i = 0; i < sub.n; i++) {
		ret[i + 1] = (struct oci_id_map){.container_id = next,
			.host_id = sub.ranges[i].first,
			.size = sub.ranges[i].count};
		next += sub.ranges[i].count;
	}
	*ret_n = sub.n + 1;
	return 0;
}

static int mapped_ids(const char *file, struct oci_id_map *ret, size_t *ret_n, struct err *e)
{
	cleanup_free char *text = NULL;
	char *save = NULL;
	size_t n = 0;
	int r = fd_read_file(AT_FDCWD, file, 1 << 16, &text, NULL, e);

	if (r < 0)
		return r;
	for (char *l = strtok_r(text, "\n", &save); l && n <= SUBID_RANGES_MAX;
		l = strtok_r(NULL, "\n", &save), n++)
		if (sscanf(l, "%u %u %u", &ret[n].container_id, &ret[n].host_id, &ret[n].size) != 3)
			return err_say(e, EPROTO, "'%s': found '%s'", file, l);
	*ret_n = n;
	return 0;
}

int userns_ids_read(struct userns_ids *ret, struct err *e)
{
	int r;

	if (geteuid() == 0) {
		r = mapped_ids("/proc/self/uid_map", ret->uids, &ret->n_uids, e);
		return r < 0 ? r : mapped_ids("/proc/self/gid_map", ret->gids, &ret->n_gids, e);
	}
	r = given_ids(SUBID_UIDS, geteuid(), ret->uids, &ret->n_uids, e);
	return r < 0 ? r : given_ids(SUBID_GIDS, getegid(), ret->gids, &ret->n_gids, e);
}

/* How many there are from 0 on without a gap. */
static uint32_t width_of(const struct oci_id_map *map, size_t n)
{
	uint32_t width = 0;

	for (size_t i = 0; i < n && map[i].container_id == width; i++)
		width += map[i].size;
	return width;
}

static int too_few(uint32_t width, struct err *e)
{
	if (geteuid() == 0)
		return err_say(e, EPERM,
			"this user namespace has %u ids, and a bottle needs 6: its sidecar's "
			"processes have different ones; map more (newuidmap(1))",
			width);
	return err_say(e, EPERM,
		"a bottle needs at least 9 subordinate uids and gids, since its sidecar's "
		"processes have different ones, and uid %u has %u: as root, usermod "
		"--add-subuids 100000-165535 --add-subgids 100000-165535 USER, with a range that "
		"nobody else has in " SUBID_UIDS " and " SUBID_GIDS,
		(unsigned)geteuid(), width - 1);
}

int userns_sidecar_ids(
	const struct userns_ids *ids, uint32_t *ret_first, uint32_t *ret_n, struct err *e)
{
	uint32_t uids = width_of(ids->uids, ids->n_uids);
	uint32_t gids = width_of(ids->gids, ids->n_gids);
	uint32_t width = uids < gids ? uids : gids, first = subid_sidecars_first(width);

	if (width >= PLAN_COMPONENT_UID_END) {
		*ret_first = PLAN_COMPONENT_UID_FIRST;
		*ret_n = PLAN_COMPONENT_UID_END - PLAN_COMPONENT_UID_FIRST;
		return 0;
	}
	if (first == 0)
		return too_few(width, e);
	*ret_first = first;
	*ret_n = width - first;
	return 0;
}

/* ---- entering */

/* The child outside, which is still the user that newuidmap(1) asks for. */
static void __attribute__((noreturn)) map_parent(pid_t parent, int sock)
{
	struct userns_ids ids;
	struct err e = {0};
	char byte;

	if (recv(sock, &byte, 1, 0) != 1)
		_exit(1);
	if (userns_ids_read(&ids, &e) == 0) {
		const struct oci maps = {.uid_maps = ids.uids,
			.n_uid_maps = ids.n_uids,
			.gid_maps = ids.gids,
			.n_gid_maps = ids.n_gids};

		idmap_write(parent, &maps, &e);
	}
	_exit(send(sock, &e, sizeof(e), MSG_NOSIGNAL) != sizeof(e));
}

/* clone(2), unshare(2): what each errno says of CLONE_NEWUSER. */
static const struct {
	int code;
	const char *why;
} refusals[] = {
	{EPERM, "within a chroot(2) the kernel makes no user namespace, for root neither: start "
		"this "
		"where '/' is the root of its mount namespace (pivot_root(2)), as in a container; "
		"else kernel.unprivileged_userns_clone=0, AppArmor's "
		"apparmor_restrict_unprivileged_userns or a seccomp filter forbids it"},
	{ENOSPC, "user.max_user_namespaces, here or in a user namespace around, must be more"},
	{EUSERS, "the kernel takes no more than 32 user namespaces within one another"},
	{EINVAL, "the kernel needs CONFIG_USER_NS"},
};

int userns_refused(int code, const char *doing, struct err *e)
{
	char reason[128];

	for (size_t i = 0; i < ARRAY_LEN(refusals); i++)
		if (refusals[i].code == code)
			return err_say(e, code, "%s: %s (%s)", doing,
				err_reason(code, reason, sizeof(reason)), refusals[i].why);
	return err_set(e, code, "%s", doing);
}

/* Between here and the answer nobody is mapped. */
static int unshare_mapped(int sock, struct err *e)
{
	ssize_t n;

	if (unshare(CLONE_NEWUSER | CLONE_NEWNS) < 0)
		return userns_refused(errno, "make a user namespace for the bottle", e);
	if (send(sock, "", 1, MSG_NOSIGNAL) != 1)
		return err_set(e, errno, "tell the child that writes the id maps");
	n = recv(sock, e, sizeof(*e), 0);
	if (n != (ssize_t)sizeof(*e))
		return err_say(e, EIO, "the child that writes the id maps died");
	return e->code ? -e->code : 0;
}

static int become_root(struct err *e)
{
	if (setresgid(0, 0, 0) < 0 || setresuid(0, 0, 0) < 0)
		return err_set(e, errno, "become root of the bottle's user namespace");
	if (mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL) < 0)
		return err_set(e, errno, "detach the bottle's mounts from the host's");
	return 0;
}

int userns_enter(struct err *e)
{
	cleanup_fd int mine = -1, theirs = -1;
	pid_t self = getpid(), child;
	int pair[2], r;

	if (geteuid() == 0)
		return 0;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return err_set(e, errno, "socketpair");
	mine = pair[0];
	theirs = pair[1];
	child = proc_fork(0, -1, NULL);
	if (child < 0)
		return err_set(e, -child, "fork");
	if (child == 0) {
		fd_close(&mine);
		map_parent(self, theirs);
	}
	fd_close(&theirs);
	userns_let_map(true);
	r = unshare_mapped(mine, e);
	userns_let_map(false);
	fd_close(&mine);
	while (waitpid(child, NULL, 0) < 0 && errno == EINTR)
		;
	return r < 0 ? r : become_root(e);
}
