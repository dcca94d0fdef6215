#ifndef FORGE_WIRE_H
#define FORGE_WIRE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

/*
 * What bottle-forge and the process that runs it say to each other. The program does one job and
 * ends; its socket is descriptor 3, its log 2, nothing else; it has no arguments and no
 * environment.
 *
 *	MAKE, TOKEN → PAIR; GO → DONE or FAILED
 *	REVOKE, TOKEN → DONE or FAILED
 *
 * GO says that the public key is on disk: whatever happens from then on, the key can be found at
 * the forge and revoked.
 */
#define FORGE_PROGRAM "bottle-forge"
#define FORGE_FD      3

/* All of a job, the forge's answers included; who waits gives up then. */
#define FORGE_JOB_MS 30000

enum forge_msg {
	/* to the program */
	FORGE_MAKE = 1, /* body: a plan_deploy_key, JSON */
	FORGE_REVOKE,	/* body: {"key": plan_deploy_key, "public": …, "id": N or absent}, JSON */
	FORGE_TOKEN,	/* body: the forge's token */
	FORGE_GO,	/* no body */
	/* from it */
	FORGE_PAIR = 64, /* body: public key (one line, no newline) NUL private key (OpenSSH's) */
	FORGE_DONE,	 /* body: forge_done */
	FORGE_FAILED,	 /* body: forge_failure */
};

struct forge_done {
	int64_t id;    /* MAKE: the forge's number of the key */
	bool was_gone; /* REVOKE: there was no such key at the forge */
};

struct forge_failure {
	struct err why;
	int32_t again_s;   /* it may pass: try again after so many seconds; -1: it will not */
	bool nothing_made; /* MAKE: the forge has refused, so there is nothing to revoke */
};

#endif
