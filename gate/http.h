#ifndef GATE_HTTP_H
#define GATE_HTTP_H

#include "gate/gate.h"

/*
 * The process of one connection to git-gate:9420, forked from the gate: git's smart HTTP and what
 * git-lfs asks for, request after request. Never returns. Takes both descriptors, as
 * serve_connection (gate/serve.h) does.
 */
void http_connection(const struct gate *g, int sock, int channel) __attribute__((noreturn));

#endif
