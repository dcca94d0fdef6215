#ifndef SHIM_MONITOR_RELOAD_H
#define SHIM_MONITOR_RELOAD_H

#include "shim/monitor.h"

/*
 * A new policy for the egress process of a bottle that lives. Whoever brings it (shim/reload.h) has
 * read the manifests and looked up what is new: SECRET…, RELOAD. The monitor hands it on, and takes
 * it for its own only when the egress process has said that it is in force: else all stays as it
 * was, in both. One at a time.
 */
struct msg;

/* A value that comes with the policy. An error drops what came so far. */
int monitor_reload_secret(
	struct monitor *m, struct monitor_peer *peer, const struct msg *msg, struct err *e);

/* The policy itself: checked, and handed on. monitor_reload_told follows. */
int monitor_reload_begin(
	struct monitor *m, struct monitor_peer *peer, const struct msg *msg, struct err *e);

/* Whoever brought it has gone: what was not handed on yet is dropped. */
void monitor_reload_gone(struct monitor *m, const struct monitor_peer *peer);

/* The egress process has answered, or ended over it; code 0: the new policy is in force. */
void monitor_reload_told(struct monitor *m, const struct err *result);

void monitor_reload_drop(struct monitor *m);

/* SIGHUP: a child reads the manifests again and brings what they say; what fails is logged. */
void monitor_reload_ask(struct monitor *m);
void monitor_reload_asked(struct monitor *m); /* it has ended */

#endif
