#ifndef SHIM_STORE_TRIM_H
#define SHIM_STORE_TRIM_H

#include <stdint.h>

#include "base/err.h"

/*
 * Removes stores below root_fd, those first that were not used for longest, until all together have
 * at most max_bytes. One that is in use stays.
 */
int store_trim(int root_fd, int64_t max_bytes, struct err *e);

#endif
