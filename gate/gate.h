#ifndef GATE_GATE_H
#define GATE_GATE_H

#include "base/err.h"
#include "bundle/policy.h"

/*
 * What every process of the gate knows: the gate itself, the one that serves a connection, and this
 * program again as git's pre-receive hook and as git's ssh. The last two are executed by git, so
 * they find what they need on descriptors of fixed numbers and in variables that we set; nothing
 * of it is secret.
 */
enum gate_fd {
	GATE_FD_SELF = 20, /* this program: its path need not exist in the component's root */
	GATE_FD_CONFIG,	   /* sealed memfd: the policy, JSON */
	GATE_FD_LFS,	   /* the program that serves git-lfs (gate/lfs.h) */
	GATE_FD_SCANNER,   /* the door of bottle-scan (scan/serve_client.h) */
	GATE_FD_CHANNEL,   /* to the gate (gate/channel.h) */
	GATE_FD_LOCK,  /* the mirror's lock file; a lock ends with the last process that has it */
	GATE_FD_LOG,   /* the gate's log: a hook's standard error is the agent's */
	GATE_FD_PLACE, /* of a push, among all (gate/quota.h); taken until it is closed */
	GATE_FD_END,
};

#define GATE_LFS_PROGRAM "bottle-lfs" /* name under which the monitor hands it over */

/*
 * How many times idle_timeout_s an upstream that lives may be silent about a push that it was sent:
 * of 15 s ten minutes.
 */
#define GATE_WORK_FACTOR 40

#define GATE_GIT_DIR   "/git"
#define GATE_CREDS_DIR "/git-gate/creds"
#define GATE_ETC_DIR   "/git-gate/etc" /* read-only; gate/etc.h */
#define GATE_STORE_DIR                                                                             \
	"/git-gate/store" /* read-only; NAME.git of the repositories that have one                 \
			   */

#define GATE_ENV_GIT_DIR "BOTTLE_GATE_GIT_DIR"
#define GATE_ENV_CREDS	 "BOTTLE_GATE_CREDS"
#define GATE_ENV_ETC	 "BOTTLE_GATE_ETC"
#define GATE_ENV_STORE	 "BOTTLE_GATE_STORE"
#define GATE_ENV_REPO	 "BOTTLE_GATE_REPO"    /* name of the repository */
#define GATE_ENV_ADDRESS "BOTTLE_GATE_ADDRESS" /* of its upstream, resolved and checked */

struct gate {
	struct policy_gate policy;
	char *git_dir;	 /* mirrors, and `.gate` with the gate's own files */
	char *etc_dir;	 /* configuration and hooks of git (gate/etc.h) */
	char *creds_dir; /* NAME-key, NAME-known_hosts; NAME-token, NAME-ca */
	char *store_dir; /* what former bottles have fetched (gate/store.h) */
};

/* The gate as a helper below git finds it. Owner: the caller (gate_done). */
int gate_inherit(struct gate *ret, struct err *e);
void gate_done(struct gate *g);

/* Borrowed; NULL when this bottle has no such repository. */
const struct policy_repo *gate_repo(const struct gate *g, const char *name);

/* Puts fd at this number, closes the old one; close-on-exec is set. 0 or -errno. */
int gate_place_fd(int fd, enum gate_fd number, struct err *e);

#endif
