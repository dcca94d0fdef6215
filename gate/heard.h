#ifndef GATE_HEARD_H
#define GATE_HEARD_H

#include <stdint.h>

/*
 * Whether whoever listens at address (text) and port has said anything: asks the kernel for this
 * network namespace's connections to it (sock_diag(7)). 1: a byte has come on one of them, or there
 * is none; 0: there are some, all silent; -errno: the kernel does not tell.
 */
int heard_from(const char *address, uint16_t port);

#endif
