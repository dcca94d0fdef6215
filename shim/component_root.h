#ifndef SHIM_COMPONENT_ROOT_H
#define SHIM_COMPONENT_ROOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "bundle/policy.h"

/*
 * The file system of one component: a small tmpfs, read-only in the end, with the host's /usr (no
 * setuid, no devices, read-only), the trust store, names, two devices and an own /tmp; or, bare,
 * with nothing in it. Whatever else a component has is asked for here.
 */
struct component_bind {
	const char *source; /* host path of a directory */
	const char *target; /* in the component's root, without the '/' in front */
	bool writable;
};

struct component_root {
	const char *name;	 /* of the component: its host name and passwd entry */
	uint32_t uid;		 /* owner of /tmp, /git and the credentials; gid alike */
	const char *resolv_conf; /* host path, or NULL: none */
	bool bare;		 /* nothing at all: for a static program that opens no file */
	bool with_proc;		 /* /proc of its own pid namespace, pids only */
	const char *git_dir;	 /* host directory that becomes /git, writable; or NULL */
	const struct policy_gate *gate; /* → /git-gate/etc (gate/etc.h), read-only; or NULL */
	int creds_fd; /* component_creds_add's memfd → /git-gate/creds; -1: none */
	const struct component_bind *binds; /* further directories; nothing in them is executed */
	size_t n_binds;
};

/*
 * Called in a new mount (and uts, and pid) namespace, as root, single-threaded: replaces the whole
 * file system of the caller. Host mounts are gone afterwards. Not to be undone: on failure exit.
 */
int component_root_enter(const struct component_root *root, struct err *e);

/*
 * Appends one credential file to a memfd (made by the caller). name: a file name, at most 127
 * bytes, no '/'. The bytes go into the component's tmpfs (0400, its uid) and nowhere else.
 */
int component_creds_add(int memfd, const char *name, const void *data, size_t len, struct err *e);

#endif
