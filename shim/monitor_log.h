#ifndef SHIM_MONITOR_LOG_H
#define SHIM_MONITOR_LOG_H

#include "base/chain.h"
#include "shim/monitor.h"

/*
 * egress.log, a chain of lines (base/chain.h), as the monitor sees it: it tells each life of the
 * egress process where the one before ended, and writes down where the last one did, so that a
 * missing end is found. It knows nothing of the lines.
 */
struct monitor_part;

/* Tells a part whose log is a chain where that ends (COMPONENT_LOG); others nothing. */
int monitor_log_tell(struct monitor *m, const struct monitor_part *p, struct err *e);

/*
 * "egress_log": {"lines", "chain", "bytes"} into metadata.json, after the last life. What fails is
 * logged.
 */
void monitor_log_close(const struct monitor *m);

#endif
