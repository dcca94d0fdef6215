#ifndef EGRESS_UPSTREAMS_H
#define EGRESS_UPSTREAMS_H

#include "egress/conn.h"
#include "egress/upstream.h"

/*
 * The upstream connections of one connection of the agent. One of HTTP/1 carries one exchange at a
 * time and waits, idle, for the next; one of HTTP/2 carries as many as its peer allows. Which it is
 * shows when it is ready: exchanges that came meanwhile await it together.
 */

/*
 * Gives x one that stands ready, or on its way, for where it goes; opens one where there is none
 * (x->fresh). x->up stays NULL when it has to wait until another exchange ends.
 */
void upstreams_take(struct exchange *x);

/* x needs it no more. keep: what was exchanged ended well, so that it can carry the next. */
void upstreams_give(struct exchange *x, bool keep);

/* Its upstream wants HTTP/1.1, and gets it; so do all that follow in x's connection. */
void upstreams_want_http1(struct exchange *x);

/* Reads, writes, goes on with connecting. Whether anything changed. */
bool upstreams_move(struct conn *c);

/* Once a second. */
void upstreams_tick(struct conn *c);

/* All of them. */
void upstreams_close(struct conn *c);

#endif
