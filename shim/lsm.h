#ifndef SHIM_LSM_H
#define SHIM_LSM_H

#include "base/err.h"
#include "bundle/oci.h"

/*
 * The labels that a process gets with its execve: an AppArmor profile, an SELinux context (and that
 * of its session keyring). The kernel takes them by files of procfs, /proc/PID/attr, which only
 * the process itself may have opened, and which must be procfs indeed: what an image has at /proc
 * could swallow them (CVE-2019-16884). So the runtime opens the host's procfs while that is still
 * to be seen, and the process goes to its own files from there, whatever its root has become.
 *
 *	runtime		lsm_prepare: what the host cannot do is told before anything is made
 *	process		lsm_open, as early as can be
 *	process		lsm_apply, before the last execve: any other one would get the label
 */
struct lsm {
	int procfs;	       /* the host's, between prepare and open; -1 */
	int apparmor, selinux; /* attr files of this process, from open on; -1: no label */
};

#define LSM_NONE ((struct lsm){.procfs = -1, .apparmor = -1, .selinux = -1})

int lsm_prepare(const struct oci_process *p, struct lsm *ret, struct err *e);

/* For the process that will be labelled: nobody else can use the files. Closes l->procfs. */
int lsm_open(const struct oci_process *p, struct lsm *l, struct err *e);

int lsm_apply(const struct oci_process *p, const struct lsm *l, struct err *e);

void lsm_done(struct lsm *l);

#endif
