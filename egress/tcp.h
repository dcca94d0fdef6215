#ifndef EGRESS_TCP_H
#define EGRESS_TCP_H

#include "egress/conn.h"

/*
 * A connection of a tcp route: bytes pass both ways as they are, counted and not read.
 *
 * Theory of operation. It is decided before its first byte, by CONNECT, by SOCKS, or by the name of
 * the address that it was made to: servers of databases and mail speak first. The upstream is
 * resolved, checked and dialled as any other; only then is a client that asked by name told that
 * its connection stands. Neither side is read while the other does not take; an end of one side is
 * passed on as such, a reset as a reset.
 */
struct tcp;

/*
 * Begins one when a tcp route stands for host and port; false: there is none. The connection may
 * have ended.
 */
bool tcp_begin(struct conn *c, const char *host, uint16_t port, enum conn_asked asked);

/* Once a second. */
void tcp_tick(struct conn *c);

/* The connection ends: the upstream's, too, by a reset unless all was passed on. Logged. */
void tcp_end(struct conn *c);

#endif
