#ifndef SHIM_MONITOR_TOKEN_H
#define SHIM_MONITOR_TOKEN_H

#include "base/msg.h"
#include "shim/monitor.h"

/*
 * Tokens that egress renews and others use, too: refresh tokens and logins' files
 * (base/component.h, COMPONENT_TOKEN_ASK). Who renews has a lock on the directory of the file that
 * it came from (flock(2): among monitors alone), re-reads it, and writes it back, by way of a new
 * file beside it with the same mode and owner. Egress may be hostile: of what it sends only tokens
 * are taken, of slots of its own that came from a file, one renewal at a time, and nothing else is
 * written.
 */

/* Errors end the component. */
int monitor_token_ask(
	struct monitor *m, struct monitor_part *p, const struct msg *msg, struct err *e);
int monitor_token_take(
	struct monitor *m, struct monitor_part *p, const struct msg *msg, struct err *e);

/* Egress has ended: nothing is asked for any more. */
void monitor_token_forget(struct monitor *m);

/* Locks that another had, and those that were held too long. */
void monitor_token_tick(struct monitor *m, int64_t now);
int64_t monitor_token_due(const struct monitor *m); /* INT64_MAX: never */

/* The file of a renewable secret as it is now. For monitor_token.c and its test. */
int monitor_token_read(const char *path, struct secret *ret, struct err *e);
int monitor_token_write(const char *path, const struct secret *value, struct err *e);

#endif
