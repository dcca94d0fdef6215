#ifndef SHIM_PROVISION_H
#define SHIM_PROVISION_H

#include <sys/types.h>

#include "base/err.h"
#include "bundle/plan.h"
#include "shim/rootfs.h"

/*
 * What the agent is shown beside its image: the files of the plan, in a small read-only file system
 * of ours at PROVISION_DIR, each laid over its path where the image has that file, else only there,
 * with the plan's variables pointing to it. Nothing of it stays in the image.
 */
#define PROVISION_DIR "/dev/bottle"

/* In init, after the mounts of config.json. ca_pem: the bottle's certificate. May grow *env. */
int provision_files(struct rootfs *root, const struct plan_bottle *bottle, const char *ca_pem,
	char ***env, struct err *e);

/*
 * Before there is init, and without a change: the paths at which provision_files will leave an
 * empty file in the rootfs, for a delete to remove. The caller frees *ret (strv_free).
 */
int provision_placeholders(
	const char *rootfs, const struct plan_bottle *bottle, char ***ret, struct err *e);

/* A file in a directory of ours. */
int provision_write(
	int dir, const char *name, const void *p, size_t len, mode_t mode, struct err *e);

#endif
