#include <errno.h>
#include <libgen.h>
#include <linux/magic.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <sys/statfs.h>

#include "base/ptr.h"
#include "bundle/plan_parts.h"

/* What would open the bottle, each refused by the name of the option that asked for it. */

static int refuse_namespace(const char *what, const char *option, struct err *e)
{
	return err_say(e, EPERM, "a bottle refuses %s (%s); leave the option out", what, option);
}

/* A path of /proc/PID is another container's; so is one of any other mount of proc. */
static bool is_process_path(const char *path)
{
	cleanup_free char *copy = strdup(path), *dir = NULL;
	struct statfs fs;

	if (!copy)
		return true;
	dir = realpath(dirname(copy), NULL);
	if (str_starts(path, "/proc/") || (dir && str_starts(dir, "/proc/")))
		return true;
	return dir && statfs(dir, &fs) == 0 && fs.f_type == PROC_SUPER_MAGIC;
}

/* Docker's --network=host is no missing entry but the path of a file bound to the host's. */
static bool is_host_network(const char *path)
{
	static const char *const host[] = {"/proc/self/ns/net", "/proc/1/ns/net"};
	struct stat theirs, ours;

	if (stat(path, &theirs) < 0)
		return false;
	for (size_t i = 0; i < ARRAY_LEN(host); i++)
		if (stat(host[i], &ours) == 0 && ours.st_dev == theirs.st_dev &&
			ours.st_ino == theirs.st_ino)
			return true;
	return false;
}

static int refuse_namespaces(const struct oci *oci, struct err *e)
{
	const struct oci_namespace *ns = oci->ns;

	if (!ns[OCI_NS_NET].present ||
		(ns[OCI_NS_NET].path && is_host_network(ns[OCI_NS_NET].path)))
		return refuse_namespace("the host's network", "--network=host", e);
	if (!ns[OCI_NS_PID].present)
		return refuse_namespace("the host's processes", "--pid=host", e);
	if (!ns[OCI_NS_IPC].present)
		return refuse_namespace("the host's IPC", "--ipc=host", e);
	if (!ns[OCI_NS_MOUNT].present || ns[OCI_NS_MOUNT].path)
		return refuse_namespace(
			"a mount namespace that is not its own", "linux.namespaces: mount", e);
	if (ns[OCI_NS_NET].path && is_process_path(ns[OCI_NS_NET].path))
		return refuse_namespace(
			"the network of another container", "--network=container:NAME", e);
	if (ns[OCI_NS_PID].path)
		return refuse_namespace(
			"the processes of another container", "--pid=container:NAME", e);
	if (ns[OCI_NS_IPC].path)
		return refuse_namespace("the IPC of another container", "--ipc=container:NAME", e);
	if (ns[OCI_NS_USER].path)
		return refuse_namespace(
			"a user namespace that is not its own", "--userns=ns:PATH", e);
	/* What is mounted in it would show others' groups, which are the host's root's. */
	if (ns[OCI_NS_CGROUP].path)
		return refuse_namespace(
			"a cgroup namespace that is not its own", "--cgroupns=ns:PATH", e);
	for (int i = 0; i < OCI_NS_COUNT; i++)
		if (ns[i].path && i != OCI_NS_NET && is_process_path(ns[i].path))
			return refuse_namespace("a namespace of another process", ns[i].path, e);
	return 0;
}

static const char *without_prefix(const char *cap)
{
	return strncasecmp(cap, "CAP_", 4) == 0 ? cap + 4 : cap;
}

int plan_refuse_caps(const struct oci_process *process, struct err *e)
{
	static const char *const refused[] = {"SYS_ADMIN", "SYS_PTRACE", "DAC_READ_SEARCH",
		"SYS_MODULE", "SYS_RAWIO", "SYS_BOOT", "BPF", "PERFMON", "MAC_ADMIN"};

	for (int set = 0; set < OCI_CAP_SETS; set++)
		for (char *const *cap = process->caps[set]; cap && *cap; cap++)
			for (size_t i = 0; i < ARRAY_LEN(refused); i++)
				if (strcasecmp(without_prefix(*cap), refused[i]) == 0)
					return err_say(e, EPERM,
						"a bottle refuses the capability CAP_%s "
						"(--cap-add=%s or --privileged); leave the option "
						"out",
						refused[i], refused[i]);
	return 0;
}

bool plan_drop_net_raw(struct oci_process *process)
{
	bool dropped = false;

	for (int set = 0; set < OCI_CAP_SETS; set++) {
		char **list = process->caps[set];
		size_t to = 0;

		for (size_t i = 0; list && list[i]; i++) {
			if (strcasecmp(without_prefix(list[i]), "NET_RAW") == 0) {
				free(list[i]);
				dropped = true;
			} else {
				list[to++] = list[i];
			}
		}
		if (list)
			list[to] = NULL;
	}
	return dropped;
}

/* What every container has (runtime-spec, config-linux.md, default devices). */
static bool is_default_device(const struct oci_device *d)
{
	static const struct {
		int64_t major, minor;
	} known[] = {{1, 3}, {1, 5}, {1, 7}, {1, 8}, {1, 9}, {5, 0}, {5, 2}};

	if (d->type == 'p')
		return true;
	for (size_t i = 0; i < ARRAY_LEN(known); i++)
		if (d->type != 'b' && d->major == known[i].major && d->minor == known[i].minor)
			return true;
	return false;
}

static int refuse_devices(const struct oci *oci, struct err *e)
{
	const struct oci_resources *res = oci->resources;

	for (size_t i = 0; i < oci->n_devices; i++)
		if (!is_default_device(&oci->devices[i]))
			return err_say(e, EPERM,
				"a bottle refuses the device %s (--device or --privileged); leave "
				"the option out",
				oci->devices[i].path);
	/* Only "m" for everything is what engines allow by default. */
	for (size_t i = 0; i < res->n_devices; i++) {
		const struct oci_device_rule *rule = &res->devices[i];

		if (rule->allow && strpbrk(rule->access, "rw") &&
			(rule->type == 'a' || rule->major < 0))
			return err_say(e, EPERM,
				"a bottle refuses access to all devices (--privileged or "
				"--device-cgroup-rule); leave the option out");
	}
	return 0;
}

static int refuse_pod(const struct oci *oci, struct err *e)
{
	static const char *const keys[] = {
		"io.kubernetes.cri.container-type", "io.kubernetes.cri-o.ContainerType"};

	for (size_t i = 0; i < ARRAY_LEN(keys); i++)
		if (str_eq(oci_annotation(oci, keys[i]), "container"))
			return err_say(e, EPERM,
				"a bottle refuses a further container of a pod (%s=container): it "
				"would share the network of the first, and pods are not supported",
				keys[i]);
	return 0;
}

/* What would reach around the sidecar. */
static int refuse_members(const struct oci *oci, struct err *e)
{
	if (oci->n_net_devices)
		return err_say(e, EPERM,
			"a bottle refuses network devices of the host (linux.netDevices: '%s'): "
			"its "
			"one link leads to the sidecar; leave the member out",
			oci->net_devices[0].host);
	return 0;
}

int plan_refuse(const struct oci *oci, struct err *e)
{
	int r;

	if (!oci->process)
		return err_say(e, EINVAL, "config.json: a bottle needs the member 'process'");
	if ((r = refuse_pod(oci, e)) < 0 || (r = refuse_namespaces(oci, e)) < 0 ||
		(r = plan_refuse_caps(oci->process, e)) < 0)
		return r;
	if (!oci->seccomp)
		return err_say(e, EPERM,
			"a bottle refuses a container without a seccomp profile (--security-opt "
			"seccomp=unconfined or --privileged); leave the option out, or add "
			"linux.seccomp to config.json");
	r = refuse_members(oci, e);
	return r < 0 ? r : refuse_devices(oci, e);
}

int plan_exec_check(struct oci_process *process, char *const *bottle_env, struct err *e)
{
	int r = plan_refuse_caps(process, e);

	if (r < 0)
		return r;
	(void)plan_drop_net_raw(process);
	if (plan_env_apply(process, bottle_env) < 0)
		return err_set(e, ENOMEM, "environment of the process");
	return 0;
}
