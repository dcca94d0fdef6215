#ifndef GATE_SERVER_H
#define GATE_SERVER_H

#include "gate/gate.h"

/*
 * Accepts on the listener and forks a process a connection; follows the monitor's words. Takes the
 * listener; control is borrowed. Returns 0 when it was told to stop and no push is open, -EPIPE
 * when the monitor is gone.
 */
int server_run(const struct gate *g, int listener, int control, struct err *e);

#endif
