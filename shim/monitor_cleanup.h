#ifndef SHIM_MONITOR_CLEANUP_H
#define SHIM_MONITOR_CLEANUP_H

#include "base/err.h"

/*
 * `bottle-monitor cleanup`: reads a state directory's path from the boot socket, removes what a
 * monitor that died left behind (processes, bridge, mirrors, files), answers OK or ERROR. Right,
 * too, when nothing is there, and after having been killed half-way.
 */
int monitor_cleanup_serve(int boot_fd, struct err *e);

/* The same by itself. A monitor that still lives is killed first. */
int monitor_cleanup(const char *state_dir, struct err *e);

#endif
