#ifndef SHIM_MONITOR_PART_H
#define SHIM_MONITOR_PART_H

#include "shim/monitor.h"

/*
 * One component in the monitor's hands: opened once, started and restarted, told to stop. What the
 * component sends is hostile: anything unknown, early or malformed ends it.
 */
void monitor_part_init(struct monitor_part *p, const struct component_kind *kind);
void monitor_part_done(struct monitor_part *p); /* kills what lives */

enum component_id monitor_part_id(const struct monitor_part *p);

/* Opens its program and log, holds the gate's credentials in memory. m->uids and plan are there. */
int monitor_part_open(struct monitor *m, struct monitor_part *p, struct err *e);

/*
 * Whether it must wait for the bottle's deploy keys (monitor_parts_advance starts it then).
 */
bool monitor_part_hold(const struct monitor *m, struct monitor_part *p);

/*
 * Brings each component as far as what is there allows: one that was held is started when all keys
 * are made; all are told when the rules are there, too; listeners are handed over when there are
 * some. A failure is the bottle's (monitor_fail).
 */
void monitor_parts_advance(struct monitor *m);

/* Starts it: DOWN → LOADING. m->netns_fd is there. */
int monitor_part_spawn(struct monitor *m, struct monitor_part *p, struct err *e);

/* Sends configuration and secrets; m->ca is there. */
int monitor_part_tell(struct monitor *m, struct monitor_part *p, struct err *e);

/* Hands the listeners over: LOADING → STARTING. m->sockets are there. */
int monitor_part_hand_over(struct monitor *m, struct monitor_part *p, struct err *e);

/* A message, or the end of file, on its control socket. */
void monitor_part_hear(struct monitor *m, struct monitor_part *p);

/* It has gone wrong, whatever its process says: killed, `why` is told. */
/* COMPONENT_SECRET. */
int monitor_part_send_secret(
	struct monitor_part *p, const char *name, const void *value, size_t len, struct err *e);

void monitor_part_condemn(struct monitor_part *p, const struct err *why);

/* Its pid 1 has ended: reaps, logs, and sets the time of the next start. */
void monitor_part_ended(struct monitor *m, struct monitor_part *p);

/* A probe's descriptor is ready. */
void monitor_part_probed(struct monitor *m, struct monitor_part *p, struct probe *probe);

/* What is due by the clock: restart, giving up on READY or probes, the end of the grace. */
void monitor_part_tick(struct monitor *m, struct monitor_part *p, int64_t now);

/* The time at which tick has something to do; INT64_MAX: never. */
int64_t monitor_part_due(const struct monitor_part *p);

/* Tells it to stop, or kills it when hurry. */
void monitor_part_stop(struct monitor_part *p, bool hurry);

#endif
