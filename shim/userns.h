#ifndef SHIM_USERNS_H
#define SHIM_USERNS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/subid.h"
#include "bundle/oci.h"

/*
 * The user namespace that this program runs in. An ordinary user's bottle has one around all of it,
 * monitor and sidecar and agent, whose root the user is and whose other ids are his subordinate
 * ones: there everything is done as the machine's root does it outside. Sources:
 * user_namespaces(7), subuid(5), newuidmap(1).
 */

/*
 * Whether its root is somebody else than the machine's: an ordinary user, or root of a user
 * namespace, as under rootless Podman.
 */
bool userns_is_rootless(void);

/*
 * /proc/PID of a process that cannot be read is root's (proc(5)), and only its own user may write
 * its id maps: for a child that is cloned in between, whose maps an ordinary user is to write.
 */
void userns_let_map(bool on);

/* Ids of a user namespace: host_id counts in the namespace around it. */
struct userns_ids {
	struct oci_id_map uids[SUBID_RANGES_MAX + 1], gids[SUBID_RANGES_MAX + 1];
	size_t n_uids, n_gids;
};

/*
 * Of the namespace that a bottle of the caller's is made in: the caller's own, when he is its root,
 * else the one that userns_enter will make. Takes no effect.
 */
int userns_ids_read(struct userns_ids *ret, struct err *e);

/*
 * Which of them its sidecars have, uids and gids alike: *ret_n from *ret_first on, to the end. With
 * too few -EPERM, and what to do: fewer uids than components would be a weaker bottle.
 */
int userns_sidecar_ids(
	const struct userns_ids *ids, uint32_t *ret_first, uint32_t *ret_n, struct err *e);

/*
 * Makes the caller, an ordinary user and single-threaded, root of a new user namespace with these
 * ids and a mount namespace that mounts of the host still arrive in. For root nothing happens. On
 * failure the process is good for nothing but to end.
 */
int userns_enter(struct err *e);

/*
 * The kernel has refused a user namespace (clone(2), unshare(2)) with this errno while `doing`
 * something: what is missing, and what would be right, is said. Returns -code.
 */
int userns_refused(int code, const char *doing, struct err *e);

#endif
