#ifndef SHIM_ROOTLESS_H
#define SHIM_ROOTLESS_H

#include "base/err.h"
#include "bundle/plan.h"

/*
 * What an ordinary user's container cannot have is refused, by config.json's names, before anything
 * is made; what only looks as if it could not is left out of oci (a devpts group without a
 * mapping). For root there is nothing to do. Sources: user_namespaces(7), and what runc refuses.
 *
 * A bottle's maps are brought into the user namespace that its sidecar is in (shim/userns.h), also
 * where the caller is that one's root: an agent has none of the sidecars' ids.
 */
int rootless_fit(const struct plan *plan, struct err *e);

#endif
