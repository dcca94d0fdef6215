#ifndef EGRESS_EXCHANGE_PARTS_H
#define EGRESS_EXCHANGE_PARTS_H

#include "egress/exchange.h"
#include "egress/limits.h"
#include "egress/refusal.h"

/* Between the files that make an exchange: exchange.c, exchange_up.c, exchange_down.c,
 * exchange_limits.c, exchange_account.c, exchange_token.c. */

/* The bound in force: its route's, or, while there is none, the bottle's. */
int64_t exchange_limit(const struct exchange *x, enum limit which);

/* Rate and size of a request that its rule allows. 0, or -EACCES and *why. */
int exchange_admit(struct exchange *x, struct refusal *why);

/* So much more of its body has come. 0, or -EACCES and *why (413). */
int exchange_count_up(struct exchange *x, size_t len, struct refusal *why);

/* Something has passed, or begins: the time without any begins anew. */
void exchange_moved(struct exchange *x);

/* Whether nothing has passed for longer than what it awaits may take; *ret: that is this limit. */
bool exchange_is_late(const struct exchange *x, enum limit *ret);

/* Once a second: refused, or cut, when nothing has passed for too long. */
void exchange_check_time(struct exchange *x);

/* Once a second: who sends a body in parts, and waits for something in between, is not kept waiting
 * for its end; nor is who receives one. */
void exchange_check_pause(struct exchange *x);

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

/* exchange_token.c: whether its route's credential is there, or it needs none; else it waits, or is
 * over. */
bool exchange_has_token(struct exchange *x);

/* The response's head is there: whether it says that the token is not valid (any more), and the
 * request goes out once more with another. */
bool exchange_renews(struct exchange *x);

/* Once more, over a new connection: what was sent is held still. */
void exchange_again(struct exchange *x);

/* Lets go of the upstream. whole: it can carry another exchange. */
void exchange_release(struct exchange *x, bool whole);

/* Its line in the log and its figures, once; why: what it is refused for, or NULL. */
void exchange_account(struct exchange *x, const struct refusal *why);

/* Over: accounted; what it held is freed after this round. */
void exchange_over(struct exchange *x);

#endif
