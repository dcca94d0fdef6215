#include <errno.h>

#include "base/ptr.h"
#include "bundle/plan_parts.h"

/*
 * The agent's root is, for the kernel, the host's: a uid that procfs and sysfs let write what
 * belongs to the whole machine (kernel.core_pattern names a program that runs outside), without any
 * capability. What engines hide by default a bottle hides always, also where
 * --security-opt systempaths=unconfined or a terse config.json leaves it open.
 */

static const char *const masked[] = {"/acpi", "/asound", "/kcore", "/keys", "/latency_stats",
	"/timer_list", "/timer_stats", "/sched_debug", "/scsi"};
static const char *const readonly[] = {"/bus", "/fs", "/irq", "/sys", "/sysrq-trigger"};

static int add_below(char ***list, const char *dir, const char *const *names, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		cleanup_free char *path = str_format("%s%s", dir, names[i]);

		if (!path || (!strv_has(*list, path) && strv_add(list, path) < 0))
			return -ENOMEM;
	}
	return 0;
}

/* The last option wins: whatever stands before it. */
static int seal_mount(struct oci *oci, struct oci_mount *m)
{
	static const char *const firmware[] = {"/firmware", "/devices/virtual/powercap"};

	if (str_eq(m->type, "sysfs"))
		return strv_add(&m->options, "ro") < 0
			       ? -ENOMEM
			       : add_below(&oci->masked_paths, m->destination, firmware,
					 ARRAY_LEN(firmware));
	if (!str_eq(m->type, "proc"))
		return 0;
	if (add_below(&oci->masked_paths, m->destination, masked, ARRAY_LEN(masked)) < 0)
		return -ENOMEM;
	return add_below(&oci->readonly_paths, m->destination, readonly, ARRAY_LEN(readonly));
}

int plan_seal(struct oci *oci, struct err *e)
{
	for (size_t i = 0; i < oci->n_mounts; i++)
		if (seal_mount(oci, &oci->mounts[i]) < 0)
			return err_set(e, ENOMEM, "hide what is the machine's");
	return 0;
}
