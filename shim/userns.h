#ifndef SHIM_USERNS_H
#define SHIM_USERNS_H

#include <stdbool.h>

/* The user namespace that this program was called in. */

/*
 * Whether its root is somebody's else than the machine's (namespaces(7)): an ordinary user, or root
 * of a user namespace, as under rootless Podman.
 */
bool userns_is_rootless(void);

/*
 * /proc/PID of a process that cannot be read is root's (proc(5)), and only its own user may write
 * its id maps: for a child that is cloned in between, whose maps an ordinary user is to write.
 */
void userns_let_map(bool on);

#endif
