#ifndef CONTROL_HOME_H
#define CONTROL_HOME_H

#include "base/err.h"

#define HOME_OF_ENGINE "/etc/bot-bottle"

/*
 * The operator's directory, absolute: the given one (--home; NULL: none), else $BOTTLE_HOME, else
 * ~/.bot-bottle where it exists, else the engine's. -ENOENT when the one that was named does not
 * exist. The caller frees *ret.
 */
int home_find(const char *given, char **ret, struct err *e);

#endif
