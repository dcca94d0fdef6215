#ifndef SCAN_RULES_JOB_H
#define SCAN_RULES_JOB_H

#include "base/err.h"
#include "base/proc.h"
#include "scan/rules_wire.h"

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

struct rules_request {
	int program_fd;	  /* bottle-rules; borrowed */
	const char *dir;  /* where compiled rules are kept */
	const char *text; /* the operator's own, TOML; NULL: none */
	const char *name; /* … their file, for messages */
};

/* Returns at once. 0 or -errno. */
int rules_job_start(const struct rules_request *q, struct rules_job *ret, struct err *e);

/* Waits, and logs the warnings. The descriptor is the caller's; the error is bottle-rules': which
 * line, which key. */
int rules_job_finish(struct rules_job *j, int *ret_fd, struct err *e);

void rules_job_done(struct rules_job *j); /* kills what still runs */
#define cleanup_rules_job __attribute__((cleanup(rules_job_done)))

#endif
