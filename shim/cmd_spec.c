#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/json.h"
#include "base/ptr.h"
#include "base/str.h"
#include "shim/cmd.h"
#include "shim/options.h"

/* A configuration to start from: what runc's `spec` writes, valid for either. */

#define SPEC_FILE    "config.json"
#define SPEC_VERSION "1.0.2"

struct spec_mount {
	const char *destination, *type, *source;
	const char *options; /* separated by commas */
};

static const struct spec_mount mounts[] = {
	{"/proc", "proc", "proc", NULL},
	{"/dev", "tmpfs", "tmpfs", "nosuid,strictatime,mode=755,size=65536k"},
	{"/dev/pts", "devpts", "devpts", "nosuid,noexec,newinstance,ptmxmode=0666,mode=0620,gid=5"},
	{"/dev/shm", "tmpfs", "shm", "nosuid,noexec,nodev,mode=1777,size=65536k"},
	{"/dev/mqueue", "mqueue", "mqueue", "nosuid,noexec,nodev"},
	{"/sys", "sysfs", "sysfs", "nosuid,noexec,nodev,ro"},
	{"/sys/fs/cgroup", "cgroup", "cgroup", "nosuid,noexec,nodev,relatime,ro"},
};

/*
 * Without privilege: group 5 has no mapping, sysfs belongs to the host's network namespace, and no
 * cgroup can be mounted.
 */
static const struct spec_mount mounts_rootless[] = {
	{"/proc", "proc", "proc", NULL},
	{"/dev", "tmpfs", "tmpfs", "nosuid,strictatime,mode=755,size=65536k"},
	{"/dev/pts", "devpts", "devpts", "nosuid,noexec,newinstance,ptmxmode=0666,mode=0620"},
	{"/dev/shm", "tmpfs", "shm", "nosuid,noexec,nodev,mode=1777,size=65536k"},
	{"/dev/mqueue", "mqueue", "mqueue", "nosuid,noexec,nodev"},
	{"/sys", "none", "/sys", "rbind,nosuid,noexec,nodev,ro"},
};

static const char *const capabilities = "CAP_AUDIT_WRITE,CAP_KILL,CAP_NET_BIND_SERVICE";
static const char *const capability_sets = "bounding,effective,permitted";
static const char *const masked =
	"/proc/acpi,/proc/asound,/proc/kcore,/proc/keys,/proc/latency_stats,/proc/timer_list,"
	"/proc/timer_stats,/proc/sched_debug,/sys/firmware,/proc/scsi";
static const char *const readonly = "/proc/bus,/proc/fs,/proc/irq,/proc/sys,/proc/sysrq-trigger";

/* "a,b" to ["a", "b"]. */
static json_t *list_of(const char *words)
{
	json_t *list = json_array();

	for (const char *p = words; *p; p += strcspn(p, ","), p += *p == ',')
		json_array_append_new(list, json_stringn(p, strcspn(p, ",")));
	return list;
}

static json_t *capabilities_of_init(void)
{
	cleanup_json json_t *sets = list_of(capability_sets);
	json_t *o = json_object();

	for (size_t i = 0; i < json_array_size(sets); i++)
		json_object_set_new(
			o, json_string_value(json_array_get(sets, i)), list_of(capabilities));
	return o;
}

static json_t *process(void)
{
	return json_pack("{s:b, s:{s:i, s:i}, s:[s], s:[s, s], s:s, s:o, s:[{s:s, s:i, s:i}], s:b}",
		"terminal", 1, "user", "uid", 0, "gid", 0, "args", "sh", "env",
		"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "TERM=xterm",
		"cwd", "/", "capabilities", capabilities_of_init(), "rlimits", "type",
		"RLIMIT_NOFILE", "hard", 1024, "soft", 1024, "noNewPrivileges", 1);
}

static json_t *mounts_of(const struct spec_mount *m, size_t n)
{
	json_t *list = json_array();

	for (size_t i = 0; i < n; i++)
		json_array_append_new(
			list, json_pack("{s:s, s:s, s:s, s:o*}", "destination", m[i].destination,
				      "type", m[i].type, "source", m[i].source, "options",
				      m[i].options ? list_of(m[i].options) : NULL));
	return list;
}

static json_t *namespaces(bool rootless)
{
	cleanup_json json_t *names =
		list_of(rootless ? "pid,ipc,uts,mount,user" : "pid,network,ipc,uts,mount");
	json_t *list = json_array();

	/* On v2 the tree of groups can only be shown to a container in a namespace of its own. */
	if (access("/sys/fs/cgroup/cgroup.controllers", F_OK) == 0)
		json_array_append_new(names, json_string("cgroup"));
	for (size_t i = 0; i < json_array_size(names); i++)
		json_array_append_new(list, json_pack("{s:O}", "type", json_array_get(names, i)));
	return list;
}

static json_t *map_to(unsigned int host_id)
{
	return json_pack(
		"[{s:i, s:I, s:i}]", "containerID", 0, "hostID", (json_int_t)host_id, "size", 1);
}

static json_t *linux_part(bool rootless)
{
	json_t *o = json_pack("{s:o, s:o, s:o}", "namespaces", namespaces(rootless), "maskedPaths",
		list_of(masked), "readonlyPaths", list_of(readonly));

	if (rootless) {
		json_object_set_new(o, "uidMappings", map_to(geteuid()));
		json_object_set_new(o, "gidMappings", map_to(getegid()));
	} else {
		json_object_set_new(o, "resources",
			json_pack("{s:[{s:b, s:s}]}", "devices", "allow", 0, "access", "rwm"));
	}
	return o;
}

static json_t *spec(bool rootless)
{
	json_t *list = rootless ? mounts_of(mounts_rootless, ARRAY_LEN(mounts_rootless))
				: mounts_of(mounts, ARRAY_LEN(mounts));

	return json_pack("{s:s, s:o, s:{s:s, s:b}, s:s, s:o, s:o}", "ociVersion", SPEC_VERSION,
		"process", process(), "root", "path", "rootfs", "readonly", 1, "hostname", "bottle",
		"mounts", list, "linux", linux_part(rootless));
}

static int write_spec(const char *bundle, bool rootless, struct err *e)
{
	cleanup_free char *path = str_format("%s/%s", bundle, SPEC_FILE), *text = NULL;
	cleanup_json json_t *j = spec(rootless);
	cleanup_fd int fd = -1;
	int r;

	text = j ? json_dumps(j, JSON_INDENT(4)) : NULL;
	if (!path || !text)
		return err_set(e, ENOMEM, "write a configuration");
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	if (fd < 0 && errno == EEXIST)
		return err_say(e, EEXIST, "file %s exists. Remove it first", path);
	if (fd < 0)
		return err_set(e, errno, "create '%s'", path);
	r = fd_write_all(fd, text, strlen(text));
	if (r == 0)
		r = fd_write_all(fd, "\n", 1);
	return r < 0 ? err_set(e, -r, "write '%s'", path) : 0;
}

static int run(const struct globals *g, int argc, char **argv, struct err *e)
{
	const char *bundle = ".";
	bool rootless = false;
	const struct option_def defs[] = {
		{"bundle", 'b', OPTION_STRING, &bundle, "DIR", "where to write (default: here)"},
		{"rootless", 0, OPTION_SWITCH, &rootless, NULL, "for use without privilege"},
	};
	struct options o = {.program = "bottle-shim spec",
		.usage = cmd_spec.usage,
		.help = cmd_spec.help,
		.defs = defs,
		.n_defs = ARRAY_LEN(defs)};
	int n = options_parse(&o, argc, argv, e), r;

	(void)g;
	if (n < 0 || n == OPTIONS_HELP)
		return n;
	r = options_need(&o, n, 0, 0, e);
	return r < 0 ? r : write_spec(bundle, rootless, e);
}

const struct command cmd_spec = {
	.name = "spec",
	.usage = "[options]",
	.help = "Write a " SPEC_FILE " to start from.",
	.run = run,
};
