#include "shim/sysctl.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/ptr.h"
#include "base/str.h"
#include "shim/procfs.h"

/* Keys that the kernel keeps for each namespace; a trailing dot stands for all below it. */
static const struct {
	const char *key;
	enum oci_ns ns;
	const char *own;
} namespaced[] = {
	{"net.", OCI_NS_NET, "/proc/self/ns/net"},
	{"fs.mqueue.", OCI_NS_IPC, "/proc/self/ns/ipc"},
	{"kernel.msgmax", OCI_NS_IPC, "/proc/self/ns/ipc"},
	{"kernel.msgmnb", OCI_NS_IPC, "/proc/self/ns/ipc"},
	{"kernel.msgmni", OCI_NS_IPC, "/proc/self/ns/ipc"},
	{"kernel.sem", OCI_NS_IPC, "/proc/self/ns/ipc"},
	{"kernel.shmall", OCI_NS_IPC, "/proc/self/ns/ipc"},
	{"kernel.shmmax", OCI_NS_IPC, "/proc/self/ns/ipc"},
	{"kernel.shmmni", OCI_NS_IPC, "/proc/self/ns/ipc"},
	{"kernel.shm_rmid_forced", OCI_NS_IPC, "/proc/self/ns/ipc"},
	{"kernel.domainname", OCI_NS_UTS, "/proc/self/ns/uts"},
};

/*
 * "net/ipv4/conf/eth0.1/x" and "net.ipv4.conf.eth0/1.x" both name a device with a dot, as
 * sysctl(8) has it: the separator that comes first is the one. Path with '/', value behind '='.
 */
static char *key_path(const char *entry)
{
	size_t n = strcspn(entry, "=");
	char *path = strndup(entry, n);
	const char *first = path ? strpbrk(path, "./") : NULL;

	if (first && *first == '.')
		for (char *p = path; *p; p++)
			*p = *p == '.' ? '/' : *p == '/' ? '.' : *p;
	return path;
}

static bool is_below(const char *path, const char *dotted)
{
	size_t i = 0;

	for (; dotted[i]; i++)
		if (path[i] != (dotted[i] == '.' ? '/' : dotted[i]))
			return false;
	return path[i] == '\0' || dotted[i - 1] == '.';
}

/* No namespace, or the caller's by a path: engines name the host's so. */
static bool is_hosts(const struct oci_namespace *ns, const char *own)
{
	struct stat a, b;

	if (!ns->present)
		return true;
	return ns->path && stat(ns->path, &a) == 0 && stat(own, &b) == 0 && a.st_dev == b.st_dev &&
	       a.st_ino == b.st_ino;
}

static int check_one(const struct oci *oci, const char *entry, struct err *e)
{
	cleanup_free char *path = key_path(entry);
	int len = (int)strcspn(entry, "=");

	if (!path)
		return err_set(e, ENOMEM, "sysctl");
	if (strstr(path, ".."))
		return err_say(e, EINVAL, "sysctl \"%.*s\" is not a key", len, entry);
	for (size_t i = 0; i < ARRAY_LEN(namespaced); i++) {
		if (!is_below(path, namespaced[i].key))
			continue;
		if (!is_hosts(&oci->ns[namespaced[i].ns], namespaced[i].own))
			return 0;
		return err_say(e, EINVAL,
			"sysctl \"%.*s\" is not allowed in the host's namespace: the container has "
			"none of its own for it",
			len, entry);
	}
	if (strcmp(path, "kernel/hostname") == 0)
		return err_say(e, EINVAL,
			"sysctl \"kernel.hostname\" conflicts with the OCI field \"hostname\"");
	return err_say(
		e, EINVAL, "sysctl \"%.*s\" is not in a separate kernel namespace", len, entry);
}

/* The field and the key set one thing: they must agree. */
static int check_domainname(const struct oci *oci, const char *entry, struct err *e)
{
	cleanup_free char *path = key_path(entry);
	const char *value = strchr(entry, '=');

	if (!path)
		return err_set(e, ENOMEM, "sysctl");
	if (strcmp(path, "kernel/domainname") != 0 || !oci->domainname || !value ||
		strcmp(value + 1, oci->domainname) == 0)
		return 0;
	return err_say(e, EINVAL,
		"sysctl \"kernel.domainname\" conflicts with the OCI field \"domainname\"");
}

int sysctl_check(const struct oci *oci, struct err *e)
{
	for (char *const *s = oci->sysctl; s && *s; s++) {
		int r = check_one(oci, *s, e);

		if (r == 0)
			r = check_domainname(oci, *s, e);

		if (r < 0)
			return r;
	}
	return 0;
}

static int write_one(int proc, const char *entry, struct err *e)
{
	cleanup_free char *path = key_path(entry), *below = NULL;
	const char *value = strchr(entry, '=');
	cleanup_fd int fd = -1;
	int r;

	if (!path || !value)
		return err_say(e, EINVAL, "sysctl '%s' has no value", entry);
	below = str_format("sys/%s", path);
	if (!below)
		return err_set(e, ENOMEM, "sysctl");
	fd = procfs_open_file(proc, below, O_WRONLY, e);
	if (fd < 0)
		return fd;
	r = fd_write_all(fd, value + 1, strlen(value + 1));
	return r < 0 ? err_set(e, -r, "write sysctl key %s", path) : 0;
}

static bool is_net(const char *entry)
{
	return str_starts(entry, "net.") || str_starts(entry, "net/");
}

int sysctl_apply(char *const *sysctl, enum sysctl_which which, struct err *e)
{
	cleanup_fd int proc = -1;

	for (; sysctl && *sysctl; sysctl++) {
		int r;

		if (is_net(*sysctl) != (which == SYSCTL_NET))
			continue;
		if (proc < 0)
			proc = procfs_open(e);
		r = proc < 0 ? proc : write_one(proc, *sysctl, e);
		if (r < 0)
			return r;
	}
	return 0;
}
