#ifndef SHIM_MONITOR_KEYS_H
#define SHIM_MONITOR_KEYS_H

#include "shim/forge_job.h"
#include "forge/key_record.h"
#include "shim/monitor.h"

/*
 * The bottle's deploy keys. Theory of operation: when the bottle is made, bottle-forge is started
 * for each key, all at once. It makes the pair and tells it; the key is recorded
 * (forge/key_record.h), and only then is the forge asked to register it. Until all keys are there
 * the gate is not started, and no component is told anything (monitor_parts_advance). At the end
 * whoever ends the bottle takes the records over, and starts the process that revokes them
 * (forge/revoker.h), which neither the bottle's end nor the engine waits for.
 */
#define MONITOR_KEYS_MAX 64

struct monitor_key {
	const struct plan_deploy_key *plan; /* borrowed */
	struct forge_job job;
	struct key_record record;   /* fd -1: nothing was asked of the forge yet */
	struct secret private_text; /* what the gate gets */
	bool made;
};

/* Starts making all that the plan names. m->uids is there. */
int monitor_keys_start(struct monitor *m, struct err *e);

/* Whether all of them are made; so it is where there are none. */
bool monitor_keys_ready(const struct monitor *m);

/* The private key of this slot; NULL: not one of ours, or not made. Borrowed. */
const struct secret *monitor_keys_find(const struct monitor *m, const char *slot);

/* A message, or the end of file, from a job. */
void monitor_keys_hear(struct monitor *m, struct monitor_key *k);

/* Gives up a job that is due. */
void monitor_keys_tick(struct monitor *m, int64_t now);
int64_t monitor_keys_due(const struct monitor *m); /* INT64_MAX: never */

/* What is under way is stopped: it will not be needed. */
void monitor_keys_stop(struct monitor *m);

/*
 * All records and tokens, in a socket for the process that revokes them (forge/revoker.h); the
 * caller owns it. -1: there is nothing to revoke, or it cannot be handed on, and stays recorded.
 */
int monitor_keys_leave(struct monitor *m);

/* Starts that process, here. */
void monitor_keys_revoke(int theirs);

void monitor_keys_done(struct monitor *m);

#endif
