#ifndef SHIM_INSTALL_PROBE_NET_H
#define SHIM_INSTALL_PROBE_NET_H

/*
 * Probes of the kernel's network parts by netlink messages written by hand (rtnetlink(7),
 * nfnetlink): this program links no netlink library. Each moves the calling process into a new
 * network namespace: for a child that ends afterwards. 0 or -errno.
 */
int install_probe_veth(void);
int install_probe_bridge(void);
int install_probe_tproxy(void);

#endif
