#ifndef SHIM_RULES_JOB_H
#define SHIM_RULES_JOB_H

#include "base/err.h"
#include "base/proc.h"
#include "bundle/plan.h"

/*
 * The scanner's rules, compiled: bottle-rules (scan/rules_wire.h) at work beside us, for a second
 * the first time, for some milliseconds when they are there already. As the operator himself, so
 * before any user namespace is entered.
 */
struct rules_job {
	struct proc proc;
	int sock;
};

#define RULES_JOB_NONE ((struct rules_job){.proc = PROC_NONE, .sock = -1})

/* Compiled rules are kept in `cache`, beside the bottle's state_home. Returns at once. */
int rules_job_start(const struct plan_bottle *b, struct rules_job *ret, struct err *e);

/* Waits. The descriptor is the caller's; the error is bottle-rules': which line, which key. */
int rules_job_finish(struct rules_job *j, int *ret_fd, struct err *e);

void rules_job_done(struct rules_job *j); /* kills what still runs */

#endif
