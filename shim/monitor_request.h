#ifndef SHIM_MONITOR_REQUEST_H
#define SHIM_MONITOR_REQUEST_H

#include "shim/monitor.h"

/* What the runtime may ask, as a table {message, who, phases, handler}; see monitor_plan.h. */

/* A message, or the end of file, from somebody who asks. */
void monitor_request_hear(struct monitor *m, struct monitor_peer *peer);

/* Takes a connection to monitor.sock: root and ourselves only. */
void monitor_request_accept(struct monitor *m);

/* Answers whoever waits for what has come about, or has waited too long. */
void monitor_request_answer(struct monitor *m, int64_t now);

/* Who waits for a new policy is answered; code 0: it is in force. */
void monitor_request_reloaded(struct monitor *m, const struct err *result);

/*
 * The last thing before the end: everything is undone, or `result` tells what is not. theirs:
 * monitor_keys_leave's; -1 afterwards, when who asked for the end has taken it over.
 */
void monitor_request_stopped(struct monitor *m, const struct err *result, int *theirs);

#endif
