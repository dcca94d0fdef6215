#ifndef SHIM_MONITOR_BOOT_H
#define SHIM_MONITOR_BOOT_H

#include "shim/monitor.h"

/* The first steps of a monitor, in the order of its main. */

/* Not dumpable, no core, only the capabilities that the monitor needs, oom_score_adj 0. */
int monitor_boot_harden(struct err *e);

/* Reads plan and secrets from the boot socket (m->boot.fd). Secrets are locked in memory. */
int monitor_boot_receive(struct monitor *m, struct err *e);

/* Uids, directories, logs, namespace, CA, monitor.sock; answers BEGIN; then the components load. */
int monitor_boot_make(struct monitor *m, struct err *e);

#endif
