#ifndef GATE_MASTERS_H
#define GATE_MASTERS_H

#include "gate/gate.h"

/*
 * Ends the ssh processes that keep a connection to an upstream open, and waits until they have said
 * goodbye: once the network is taken away an upstream would hear nothing and keep its session.
 * Waits timeout_ms at most, all of them together; one that does not answer is left to the end of
 * the pid namespace and logged.
 */
void masters_end(const struct gate *g, int timeout_ms);

#endif
