#ifndef SHIM_MOUNT_LONG_H
#define SHIM_MOUNT_LONG_H

#include <stdbool.h>

#include "base/err.h"
#include "shim/mount_options.h"

/*
 * New file systems by the older mount(2), which takes what fsconfig(2) does not: an option of more
 * than 255 bytes, such as an overlay's of many layers (a page for all of them together), and
 * "iversion".
 */

/* Whether the options are none for mount_new. */
bool mount_is_long(const struct mount_options *o);

/*
 * Whether mount(2) can say all that there is to say of a new file system, in one call instead of
 * seven: the kernel's own kinds that an engine asks for in every container.
 */
bool mount_is_plain(const char *type, const struct mount_options *o);

struct mount_long {
	const char *type, *source, *label; /* label: linux.mountLabel or NULL */
	const struct mount_options *options;
};

/*
 * Mounts over `target`, a descriptor that was opened inside the root: the kernel resolves no path
 * of the container. Those attributes that mount(2) knows are set with it, others afterwards, at its
 * root. -E2BIG: more than a page.
 */
int mount_long_attach(const struct mount_long *m, int target, struct err *e);

#endif
