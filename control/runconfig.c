#include "control/runconfig.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/ptr.h"
#include "base/str.h"
#include "control/rootless.h"
#include "control/seccomp.h"

/* Docker's default set; the bottle takes away what does not fit it. */
static const char *const capabilities[] = {"CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_FSETID",
	"CAP_FOWNER", "CAP_MKNOD", "CAP_NET_RAW", "CAP_SETGID", "CAP_SETUID", "CAP_SETFCAP",
	"CAP_SETPCAP", "CAP_NET_BIND_SERVICE", "CAP_SYS_CHROOT", "CAP_KILL", "CAP_AUDIT_WRITE"};

static const char *const masked[] = {"/proc/asound", "/proc/acpi", "/proc/kcore", "/proc/keys",
	"/proc/latency_stats", "/proc/timer_list", "/proc/timer_stats", "/proc/sched_debug",
	"/proc/scsi", "/sys/firmware", "/sys/devices/virtual/powercap"};

static const char *const readonly[] = {
	"/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"};

static const char *const passed_on[] = {"TERM", "COLORTERM", "LANG", "TZ"};

#define DEFAULT_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
#define PIDS_MAX     4096

static json_t *strings(const char *const *list, size_t n)
{
	json_t *a = json_array();

	for (size_t i = 0; i < n; i++)
		json_array_append_new(a, json_string(list[i]));
	return a;
}

static json_t *string_list(char *const *list)
{
	return strings((const char *const *)list, strv_len(list));
}

static json_t *environment(const struct runconfig *c)
{
	cleanup_strv char **env = NULL;

	env_set(&env, "PATH", DEFAULT_PATH);
	env_set(&env, "HOME", HOSTROOT_HOME);
	for (size_t i = 0; i < ARRAY_LEN(passed_on); i++) {
		const char *value = getenv(passed_on[i]);

		if (value)
			env_set(&env, passed_on[i], value);
	}
	for (char *const *v = c->env; v && *v; v++) {
		cleanup_free char *name = str_format("%.*s", (int)strcspn(*v, "="), *v);

		if (name)
			env_set(&env, name, *v + strlen(name) + 1);
	}
	return string_list(env);
}

/* A user other than root holds none; the bounding set is for set-uid programs, which there are not.
 */
static json_t *capability_sets(const struct hostroot_user *user)
{
	size_t n = user->uid == 0 ? ARRAY_LEN(capabilities) : 0;

	return json_pack("{s:o, s:o, s:o}", "bounding",
		strings(capabilities, ARRAY_LEN(capabilities)), "effective",
		strings(capabilities, n), "permitted", strings(capabilities, n));
}

static json_t *process(const struct runconfig *c)
{
	json_t *p = json_pack("{s:b, s:{s:i, s:i}, s:o, s:o, s:s, s:o, s:b}", "terminal",
		c->terminal, "user", "uid", c->user.uid, "gid", c->user.gid, "args",
		string_list(c->args), "env", environment(c), "cwd", c->workspace, "capabilities",
		capability_sets(&c->user), "noNewPrivileges", 1);

	/* Of each user in the container's own namespace (getrlimit(2)): where no cgroup counts. */
	if (p && !rootless_may_limit())
		json_object_set_new(p, "rlimits",
			json_pack("[{s:s, s:i, s:i}]", "type", "RLIMIT_NPROC", "hard", PIDS_MAX,
				"soft", PIDS_MAX));
	if (p && c->terminal && c->rows)
		json_object_set_new(p, "consoleSize",
			json_pack("{s:i, s:i}", "height", c->rows, "width", c->columns));
	return p;
}

static json_t *resources(void)
{
	json_t *o = json_pack("{s:[{s:b, s:s}]}", "devices", "allow", 0, "access", "rwm");

	if (o && rootless_may_limit())
		json_object_set_new(o, "pids", json_pack("{s:i}", "limit", PIDS_MAX));
	return o;
}

static json_t *namespaces(void)
{
	static const char *const types[] = {"mount", "network", "uts", "pid", "ipc"};
	json_t *list = json_array();

	for (size_t i = 0; i < ARRAY_LEN(types); i++)
		json_array_append_new(list, json_pack("{s:s}", "type", types[i]));
	if (geteuid() != 0)
		json_array_append_new(list, json_pack("{s:s}", "type", "user"));
	return list;
}

static json_t *linux_part(const struct runconfig *c)
{
	json_t *o = json_pack("{s:o, s:o, s:o, s:o, s:o}", "namespaces", namespaces(),
		"maskedPaths", strings(masked, ARRAY_LEN(masked)), "readonlyPaths",
		strings(readonly, ARRAY_LEN(readonly)), "seccomp", seccomp_profile(), "resources",
		resources());

	if (o && geteuid() != 0) {
		json_object_set_new(o, "uidMappings", rootless_uid_maps(&c->user));
		json_object_set_new(o, "gidMappings", rootless_gid_maps(&c->user));
	}
	return o;
}

json_t *runconfig_json(const struct runconfig *c)
{
	return json_pack("{s:s, s:s, s:{s:s, s:b}, s:o, s:o, s:o}", "ociVersion", "1.0.2",
		"hostname", "bottle", "root", "path", "rootfs", "readonly", 1, "process",
		process(c), "mounts", hostroot_mounts(c->workspace, &c->user), "linux",
		linux_part(c));
}
