#include <errno.h>
#include <seccomp.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/fd.h"
#include "base/json.h"
#include "base/ptr.h"
#include "base/str.h"
#include "bundle/oci.h"
#include "shim/caps.h"
#include "shim/cmd.h"
#include "shim/libexec.h"
#include "shim/mount_options.h"
#include "shim/options.h"
#include "shim/seccomp_names.h"

/*
 * runtime-spec, features.md and features-linux.md. Every list comes from the tables by which the
 * words are taken; unit/shim/test_features gives each word that is told to who takes it.
 */

/*
 * Annotations that change what a container may do: engines should not take them from images. Each
 * that the code knows begins with one of these (lint/annotations).
 */
static const char *const unsafe_annotations[] = {"dev.bottle.", "io.kubernetes.cri-o.ContainerType",
	"io.kubernetes.cri.container-type", "org.criu.", "org.systemd.property.", "run.oci.", NULL};

static json_t *list_of(const char *const *words)
{
	json_t *list = json_array();

	for (; *words; words++)
		json_array_append_new(list, json_string(*words));
	return list;
}

/* The driver is a program of its own, which may not be installed. */
static bool have_systemd_driver(void)
{
	cleanup_fd int fd = -1;
	struct err ignored;

	return libexec_open("bottle-systemd", &fd, &ignored) == 0;
}

static json_t *enabled(bool yes)
{
	return json_pack("{s:b}", "enabled", yes);
}

static json_t *cgroups(void)
{
	bool systemd = have_systemd_driver();

	return json_pack("{s:b, s:b, s:b, s:b, s:b}", "v1", true, "v2", true, "systemd", systemd,
		"systemdUser", systemd, "rdma", true);
}

static json_t *linux_part(void)
{
	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:{s:o, s:o}, s:{s:b, s:b, s:b}, s:{s:o}, "
			 "s:o}",
		"namespaces", oci_namespace_names(), "capabilities", caps_names(), "cgroup",
		cgroups(), "seccomp", seccomp_features(), "apparmor", enabled(true), "selinux",
		enabled(true), "memoryPolicy", "modes", oci_memory_policy_modes(), "flags",
		oci_memory_policy_flags(), "intelRdt", "enabled", true, "schemata", true,
		"monitoring", true, "mountExtensions", "idmap", enabled(true), "netDevices",
		enabled(true));
}

static json_t *annotations(void)
{
	const struct scmp_version *v = seccomp_version();

	return json_pack("{s:s, s:o, s:s}", "dev.bottle.version", BOTTLE_VERSION,
		"io.github.seccomp.libseccomp.version",
		json_sprintf("%u.%u.%u", v->major, v->minor, v->micro),
		"org.opencontainers.runc.checkpoint.enabled", "true");
}

static int run(const struct globals *g, int argc, char **argv, struct err *e)
{
	struct options o = {.program = "bottle-shim features",
		.usage = cmd_features.usage,
		.help = cmd_features.help};
	cleanup_json json_t *j = NULL;
	int n = options_parse(&o, argc, argv, e), r;

	(void)g;
	if (n < 0 || n == OPTIONS_HELP)
		return n;
	r = options_need(&o, n, 0, 0, e);
	if (r < 0)
		return r;
	j = json_pack("{s:s, s:s, s:o, s:o, s:o, s:o, s:o}", "ociVersionMin", "1.0.0",
		"ociVersionMax", OCI_VERSION_MAX, "hooks", oci_hook_names(), "mountOptions",
		list_of(mount_options_known()), "linux", linux_part(), "annotations", annotations(),
		"potentiallyUnsafeConfigAnnotations", list_of(unsafe_annotations));
	if (!j || json_dumpf(j, stdout, JSON_INDENT(4)) < 0)
		return err_set(e, ENOMEM, "write the features");
	putchar('\n');
	return 0;
}

const struct command cmd_features = {
	.name = "features",
	.usage = "",
	.help = "Tell what this runtime can do, as JSON.",
	.run = run,
};
