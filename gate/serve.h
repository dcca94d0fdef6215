#ifndef GATE_SERVE_H
#define GATE_SERVE_H

#include "gate/gate.h"

/*
 * The beginning of a connection's process: both descriptors go where they do not stand in the way
 * of those with fixed numbers (enum gate_fd). The socket's new number or -errno.
 */
int serve_begin(int sock, int channel, struct err *e);

/*
 * The process of one connection, forked from the gate: reads the request, makes the mirror fresh,
 * and becomes git upload-pack or receive-pack. Never returns. Takes both descriptors: the agent's
 * connection and its end of the channel to the gate.
 */
void serve_connection(const struct gate *g, int sock, int channel) __attribute__((noreturn));

#endif
