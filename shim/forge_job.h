#ifndef SHIM_FORGE_JOB_H
#define SHIM_FORGE_JOB_H

#include <stdint.h>

#include "base/err.h"
#include "base/proc.h"
#include "forge/order.h"

/*
 * bottle-forge as a child (forge/wire.h): in the host's network, since a forge is the operator's
 * and not the bottle's; under a uid of its own, without groups, capabilities and limits to speak
 * of, with no_new_privs; its seccomp filter it installs itself. It dies with its parent.
 */
struct forge_job {
	struct proc proc;
	int sock;    /* of forge/wire.h; -1: no job */
	int64_t due; /* proc_now_ms: it is given up then */
};

#define FORGE_JOB_NONE ((struct forge_job){.proc = PROC_NONE, .sock = -1})

/* Starts it and gives it the order; does not wait. uid: gid alike. */
int forge_job_start(uint32_t uid, const struct order *o, struct forge_job *ret, struct err *e);

/* Kills and reaps what still runs. */
void forge_job_done(struct forge_job *j);
#define cleanup_forge_job __attribute__((cleanup(forge_job_done)))

#endif
