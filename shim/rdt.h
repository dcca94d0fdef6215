#ifndef SHIM_RDT_H
#define SHIM_RDT_H

#include <sys/types.h>

#include "base/err.h"
#include "bundle/oci.h"

/*
 * linux.intelRdt: a container's share of cache and memory bandwidth, by directories of the resctrl
 * file system (config-linux.md, IntelRdt; the kernel's Documentation/filesystems/resctrl.rst).
 */
struct rdt {
	char **groups; /* directories whose tasks its processes are: the class, the monitoring group
			*/
	char **made;   /* of them, what goes with the container; the inner one last */
};

/*
 * Where resctrl is mounted, by a table as /proc/self/mounts is one. -ENODEV with a sentence that
 * tells what is missing. Caller frees.
 */
int rdt_find_root(const char *mounts, char **ret, struct err *e);

/*
 * The class of service and the monitoring group below root, with the schemata written, as config
 * asks for container id; what was made is removed again on failure. The caller ends with rdt_done.
 */
int rdt_make(const char *root, const struct oci_rdt *config, const char *id, struct rdt *ret,
	struct err *e);

/* Puts a process into the groups, which its children inherit. groups may be NULL. */
int rdt_join(char *const *groups, pid_t pid, struct err *e);

/* Removes the directories made; one that is gone already is as good. Goes on through errors. */
void rdt_remove(char *const *made);

void rdt_done(struct rdt *r);

#endif
