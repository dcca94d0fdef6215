#ifndef SCAN_SERVE_H
#define SCAN_SERVE_H

#include "scan/serve_session.h"

/*
 * Serves those who come through the door (scan/serve_wire.h), several at once, in one thread.
 * Follows the monitor's words on `control`. Both descriptors are borrowed. 0 when it was told to
 * stop, -EPIPE when the monitor is gone.
 */
int serve_run(const struct scan_rules *rules, int door, int control, struct err *e);

#endif
