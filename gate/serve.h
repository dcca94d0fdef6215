#ifndef GATE_SERVE_H
#define GATE_SERVE_H

#include "gate/gate.h"

/*
 * The process of one connection, forked from the gate: reads the request, makes the mirror fresh,
 * and becomes git upload-pack or receive-pack. Never returns. Takes both descriptors: the agent's
 * connection and its end of the channel to the gate.
 */
void serve_connection(const struct gate *g, int sock, int channel) __attribute__((noreturn));

#endif
