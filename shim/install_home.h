#ifndef SHIM_INSTALL_HOME_H
#define SHIM_INSTALL_HOME_H

#include <stdbool.h>

#include "base/err.h"

/*
 * The operator's directory for an engine, with a first bottle: DESTDIR/etc/bot-bottle and
 * DESTDIR/var/lib/bot-bottle ("" for the machine's own). What is there already stays as it is.
 * Modes are such that the checks of plan_build pass. *ret_bottle: whether the bottle was made.
 */
int install_home_make(const char *destdir, bool *ret_bottle, struct err *e);

#define INSTALL_HOME	   "/etc/bot-bottle"
#define INSTALL_HOME_STATE "/var/lib/bot-bottle"

#endif
