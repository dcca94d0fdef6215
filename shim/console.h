#ifndef SHIM_CONSOLE_H
#define SHIM_CONSOLE_H

#include "base/err.h"
#include "bundle/oci.h"
#include "base/proc.h"

/*
 * The terminal of a container: a pair of the container's own devpts, whose master goes to the
 * caller (--console-socket) or is relayed by `run` and `exec` in the foreground.
 */

/*
 * In the container's mount namespace, root descriptor rootfd: makes the pair, sets its size, gives
 * the slave to the process's user, sends the master over `sock`. *ret_slave is the caller's.
 */
int console_make(int rootfd, const struct oci_process *p, int sock, int *ret_slave, struct err *e);

/* Mounts the slave on /dev/console. */
int console_mount(int rootfd, int slave, struct err *e);

/* Makes the slave the controlling terminal and standard input, output and error. After setsid. */
int console_take(int slave, struct err *e);

/*
 * Between our own terminal (raw meanwhile) and the master, until the process ends; its wait status
 * in *ret_status. Sizes and signals that we get are passed on.
 */
int console_relay(int master, struct proc *p, int *ret_status, struct err *e);

#endif
