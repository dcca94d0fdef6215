#ifndef GATE_GIT_H
#define GATE_GIT_H

#include <stdbool.h>

#include "base/err.h"
#include "base/proc.h"
#include "base/str.h"
#include "gate/gate.h"
#include "gate/upstream.h"

/*
 * Running git. It sees no configuration but the mirror's own, which is read-only (gate/etc.h), no
 * variable but those set here, and no transport but its upstream's: ssh, which is this program
 * again (gate/ssh.h), or https (gate/https.h).
 */
struct git_watch;
enum git_sees {
	GIT_SEES_ALL, /* the mirror, what it borrows, and a quarantine that the caller is in */
	GIT_SEES_QUARANTINE, /* of objects, nothing else */
};

struct git_job {
	const struct gate *gate;
	const struct policy_repo *repo;
	const struct upstream *upstream; /* NULL: a job that stays in the mirror */
	const char *const *args;	 /* behind `git --git-dir=MIRROR` */
	const char *input;		 /* its standard input; NULL: none */
	size_t input_len;
	enum git_sees sees;
	const char *protocol;	       /* "version=2", or NULL: none is named */
	const struct git_watch *watch; /* git_run: who sees its standard error meanwhile; or NULL */
};

/* Somebody who is shown what git says of its progress, as it comes, raw. */
struct git_watch {
	void (*show)(void *arg, const char *bytes, size_t len);
	void *arg;
};

struct git_result {
	struct str out, err; /* what it printed, whole */
	int status;	     /* exit status; 128 + signal when it was killed */
};

void git_result_done(struct git_result *r);
#define cleanup_git_result __attribute__((cleanup(git_result_done)))

/* The environment of git below the gate; a quarantine that the caller is in is handed on. */
char **git_env(const struct git_job *job);

/* In addition, for receive-pack: who takes in a pushed pack is gate/unpack.h. 0 or -ENOMEM. */
int git_env_receive(const struct gate *g, char ***env);

/* Starts it with these descriptors as 0, 1 and 2 (borrowed; -1: nothing). It dies with the caller.
 */
int git_start(const struct git_job *job, const int stdio[3], struct proc *ret, struct err *e);

/*
 * Runs it to its end. 0 whatever it exits with; -errno when it could not be run or printed more
 * than 256 MiB.
 */
int git_run(const struct git_job *job, struct git_result *ret, struct err *e);

/* As git_run, but an exit status other than 0 is an error that quotes it. ret may be NULL. */
int git_must(const struct git_job *job, struct git_result *ret, struct err *e);

/*
 * The one line of git's (or ssh's) complaints that tells the cause. u: who was talked with, or
 * NULL; a host key that is another, and what is wrong with an https upstream, are told in the
 * manifest's words. Owned by the caller.
 */
char *git_cause(const struct upstream *u, const struct git_result *r);

/* Exit status as a shell tells it. */
int git_status(int wait_status);

#endif
