#ifndef SHIM_ROOTLESS_H
#define SHIM_ROOTLESS_H

#include "base/err.h"
#include "bundle/oci.h"

/*
 * What an ordinary user's container cannot have is refused, by config.json's names, before anything
 * is made; what only looks as if it could not is left out of oci (a devpts group without a
 * mapping). For root there is nothing to do. Sources: user_namespaces(7), and what runc refuses.
 */
int rootless_fit(struct oci *oci, struct err *e);

#endif
