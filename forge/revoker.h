#ifndef FORGE_REVOKER_H
#define FORGE_REVOKER_H

#include <stdbool.h>

#include "base/err.h"
#include "base/secret.h"

/*
 * The process that revokes deploy keys after their bottle: `bottle-monitor revoke`, nobody's child,
 * with a socket as descriptor 3 in which all that it needs lies ready before it is started. It
 * tries for some minutes; what it could not revoke stays recorded (forge/key_record.h).
 *
 *	PLACE, KEY…, BEGIN → RESULT for each key, once it is known; nobody need read it
 */
#define REVOKER_PROGRAM "bottle-monitor"
#define REVOKER_VERB	"revoke"
#define REVOKER_FD	3

enum revoker_msg {
	REVOKER_PLACE = 1, /* body: {"state_home", "uids_dir", "once"}, JSON */
	REVOKER_KEY,   /* body: record's name NUL token; its descriptor, if the sender has one */
	REVOKER_BEGIN, /* no body */
	REVOKER_RESULT = 64, /* body: struct revoker_result */
};

struct revoker_result {
	char name[64];	/* of the record */
	struct err why; /* code 0: it is revoked */
};

#define REVOKER_KEYS_MAX 256

/* Where keys are, and whether each is tried once only, for somebody who waits for the result. */
struct revoker_place {
	const char *state_home;
	const char *uids_dir; /* shim/uids.h; NULL: of who runs it */
	bool once;
};

/* A pair of sockets; the place is in `theirs` already. Both are the caller's. */
int revoker_open(const struct revoker_place *place, int *ret_ours, int *ret_theirs, struct err *e);

/* Adds a key. fd: the record's, which has the lock (borrowed), or -1. */
int revoker_add(int ours, const char *name, int fd, const struct secret *token, struct err *e);

/* It may start, now or later; `ours` can be closed. */
int revoker_begin(int ours, struct err *e);

/* Starts it with `theirs` (borrowed), for an ordinary user with his XDG_RUNTIME_DIR, and does not
 * wait. program_fd: REVOKER_PROGRAM's. */
int revoker_spawn(int program_fd, int theirs, struct err *e);

#endif
