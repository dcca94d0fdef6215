#ifndef CONTROL_WORKSPACE_H
#define CONTROL_WORKSPACE_H

#include "base/err.h"

/*
 * The one directory of the host that the agent may write. `path` (NULL: the current directory) is
 * resolved to an absolute path without symlinks, which the caller owns. Refused: the root, system
 * directories, the operator's home itself, and whatever is, holds or lies in `home` (the
 * directory with bottles and secrets).
 */
int workspace_resolve(const char *path, const char *home, char **ret, struct err *e);

#endif
