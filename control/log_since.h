#ifndef CONTROL_LOG_SINCE_H
#define CONTROL_LOG_SINCE_H

#include "base/err.h"

/*
 * --since: a time ago ("90s", "15m", "2h", "3d"), or a time in UTC as far as it is known
 * ("2026-01-31", "2026-01-31T12:00", "2026-01-31T12:00:00Z"). Into ret as log_time has it.
 */
int log_since(const char *text, char ret[20], struct err *e);

#endif
