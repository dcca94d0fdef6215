#ifndef SHIM_COMPONENT_INIT_H
#define SHIM_COMPONENT_INIT_H

#include "shim/component.h"

/*
 * Pid 1 of a component, in the freshly cloned child of the monitor: makes the file system, starts
 * the component, gives up everything, reaps. Ends with the component (status as a shell tells it),
 * and with the monitor, whose pidfd `monitor` is. control: the component's end of its socket.
 */
void component_init(const struct component_start *s, int control, int monitor)
	__attribute__((noreturn));

/*
 * In a child of the monitor: uid and gid `uid`, no groups, no capability in any set, no_new_privs,
 * no core file.
 */
int component_drop_to(uint32_t uid, struct err *e);

#endif
