#ifndef EGRESS_EXCHANGE_PARTS_H
#define EGRESS_EXCHANGE_PARTS_H

#include "egress/exchange.h"
#include "egress/refusal.h"

/* Between the files that make an exchange: exchange.c, exchange_up.c, exchange_down.c. */

/* While the agent is sending, or is to take what waits for it. */
#define EXCHANGE_MOVING_MS 60000

void exchange_set_deadline(struct exchange *x, int ms);

/* 502: the upstream did what it must not. */
void exchange_refuse_upstream(struct exchange *x, const char *what);

/* An allowed request is read, as its route wants it, before it is sent. */
void exchange_read(struct exchange *x);

/* It was read: to the upstream. */
void exchange_forward(struct exchange *x);

/* What is collected to be read. Whether anything moved. */
bool exchange_step_hold(struct exchange *x);

/* Its body, as far as the upstream takes it now. The same; it may be over afterwards. */
bool exchange_step_up(struct exchange *x);

/* The response, as far as the agent takes it now. The same. */
bool exchange_step_down(struct exchange *x);

/* Lets go of the upstream. whole: it can carry another exchange. */
void exchange_release(struct exchange *x, bool whole);

/* Over: what it held is freed after this round. */
void exchange_over(struct exchange *x);

#endif
