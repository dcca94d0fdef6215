#include "shim/idmap.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/proc.h"
#include "base/ptr.h"
#include "base/str.h"
#include "shim/userns.h"

static const struct map_kind {
	const char *file, *program, *ranges, *id;
} uid_kind = {"uid_map", "newuidmap", "/etc/subuid", "uid"},
  gid_kind = {"gid_map", "newgidmap", "/etc/subgid", "gid"};

/*
 * No map at all is taken as the identity, as far as our own namespace reaches: a namespace without
 * one could not even read its root.
 */
static char *identity_text(const char *file)
{
	cleanup_free char *path = str_format("/proc/self/%s", file), *own = NULL;
	unsigned int inside, outside, size;
	struct str s = {0};
	struct err e;
	char *save = NULL;

	if (!path || fd_read_file(AT_FDCWD, path, 1 << 16, &own, NULL, &e) < 0)
		return NULL;
	for (char *line = strtok_r(own, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
		if (sscanf(line, "%u %u %u", &inside, &outside, &size) == 3)
			str_addf(&s, "%u %u %u\n", inside, inside, size);
	return str_take(&s);
}

static char *map_text(const char *file, const struct oci_id_map *map, size_t n)
{
	struct str s = {0};

	if (n == 0)
		return identity_text(file);
	for (size_t i = 0; i < n; i++)
		str_addf(&s, "%u %u %u\n", map[i].container_id, map[i].host_id, map[i].size);
	return str_take(&s);
}

static int write_map(
	pid_t pid, const char *file, const struct oci_id_map *map, size_t n, struct err *e)
{
	cleanup_free char *text = map_text(file, map, n);
	char path[64];

	if (!text)
		return err_set(e, ENOMEM, "id map");
	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, file);
	return fd_write_file(AT_FDCWD, path, text, e);
}

static int helper_argv(
	const char *program, pid_t pid, const struct oci_id_map *map, size_t n, char ***ret)
{
	int r = strv_add(ret, program);

	if (r == 0)
		r = strv_push(ret, str_format("%d", (int)pid));
	for (size_t i = 0; r == 0 && i < n; i++) {
		r = strv_push(ret, str_format("%u", map[i].container_id));
		if (r == 0)
			r = strv_push(ret, str_format("%u", map[i].host_id));
		if (r == 0)
			r = strv_push(ret, str_format("%u", map[i].size));
	}
	return r;
}

/* What it says stands with the caller's other messages; ours names the place to mend. */
static int refused(const struct map_kind *k, const struct oci_id_map *map, size_t n, struct err *e)
{
	cleanup_str struct str wanted = {0};

	for (size_t i = 0; i < n; i++)
		str_addf(&wanted, "%s%u to %u", i ? ", " : "", map[i].host_id,
			map[i].host_id + (map[i].size - 1));
	return err_say(e, EPERM,
		"%s refused the %ss %s: each but one's own must lie in a range that %s gives to "
		"uid %u (usermod --add-sub%ss FIRST-LAST USER)",
		k->program, k->id, wanted.s ? wanted.s : "", k->ranges, (unsigned)getuid(), k->id);
}

/* newuidmap PID CONTAINER HOST SIZE … */
static int run_helper(
	const struct map_kind *k, pid_t pid, const struct oci_id_map *map, size_t n, struct err *e)
{
	static const struct proc_fd fds[] = {{STDERR_FILENO, STDERR_FILENO}};
	cleanup_strv char **argv = NULL;
	cleanup_proc struct proc p = PROC_NONE;
	cleanup_free char *path = str_format("/usr/bin/%s", k->program);
	struct proc_spec spec = {.path = path, .fds = fds, .n_fds = ARRAY_LEN(fds)};
	int status, r;

	if (!path || helper_argv(k->program, pid, map, n, &argv) < 0)
		return err_set(e, ENOMEM, "%s", k->program);
	spec.argv = argv;
	r = proc_spawn(&spec, &p, e);
	if (r == -ENOENT)
		return err_say(e, ENOENT,
			"'%s' is missing: more %ss than one's own need it (Debian's package "
			"uidmap), or map the own one alone, size 1",
			path, k->id);
	if (r == 0)
		r = proc_wait(&p, -1, &status, e);
	if (r < 0)
		return r;
	return status == 0 ? 0 : refused(k, map, n, e);
}

static bool only_own(const struct oci_id_map *map, size_t n, uint32_t own)
{
	return n == 1 && map[0].size == 1 && map[0].host_id == own;
}

int idmap_write(pid_t pid, const struct oci *oci, struct err *e)
{
	bool root = geteuid() == 0;
	char path[64];
	int r;

	if (root || only_own(oci->uid_maps, oci->n_uid_maps, geteuid()))
		r = write_map(pid, uid_kind.file, oci->uid_maps, oci->n_uid_maps, e);
	else
		r = run_helper(&uid_kind, pid, oci->uid_maps, oci->n_uid_maps, e);
	if (r < 0)
		return r;
	if (root)
		return write_map(pid, gid_kind.file, oci->gid_maps, oci->n_gid_maps, e);
	if (!only_own(oci->gid_maps, oci->n_gid_maps, getegid()))
		return run_helper(&gid_kind, pid, oci->gid_maps, oci->n_gid_maps, e);
	/* user_namespaces(7): without privilege only where groups cannot be dropped. */
	snprintf(path, sizeof(path), "/proc/%d/setgroups", (int)pid);
	r = fd_write_file(AT_FDCWD, path, "deny", e);
	return r < 0 ? r : write_map(pid, gid_kind.file, oci->gid_maps, oci->n_gid_maps, e);
}

/* A child that only holds the namespace until it is open. */
static int namespace_of_child(const struct oci *maps, struct err *e)
{
	cleanup_proc struct proc p = PROC_NONE;
	cleanup_fd int fd = -1;
	char path[64];
	int r;

	p.pid = proc_fork(CLONE_NEWUSER, -1, &p.pidfd);
	if (p.pid < 0)
		return userns_refused(-p.pid, "make a user namespace for a mount", e);
	if (p.pid == 0) {
		/* Ended by the parent's SIGKILL. */
		for (;;)
			pause();
	}
	r = idmap_write(p.pid, maps, e);
	if (r < 0)
		return r;
	snprintf(path, sizeof(path), "/proc/%d/ns/user", (int)p.pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	return fd < 0 ? err_set(e, errno, "open '%s'", path) : steal_fd(&fd);
}

int idmap_namespace(const struct oci *maps, struct err *e)
{
	if (maps->n_uid_maps == 0 || maps->n_gid_maps == 0)
		return err_say(
			e, EINVAL, "a mount with mapped ids needs uidMappings and gidMappings");
	return namespace_of_child(maps, e);
}
