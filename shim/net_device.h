#ifndef SHIM_NET_DEVICE_H
#define SHIM_NET_DEVICE_H

#include "base/err.h"
#include "bundle/oci.h"

/*
 * linux.netDevices: moves the devices, which are in the caller's network namespace, into the one
 * of the process pid. Each keeps its permanent addresses of global scope and is up afterwards; it
 * is not brought back, the end of the namespace does that (config-linux.md, Network Devices). All
 * are checked before the first is moved. Needs CAP_NET_ADMIN in both namespaces.
 */
int net_device_move_all(const struct oci *oci, pid_t pid, struct err *e);

#endif
