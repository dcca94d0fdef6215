#ifndef BASE_COMPONENT_H
#define BASE_COMPONENT_H

#include <stdint.h>

#include "base/err.h"
#include "base/secret.h"

/*
 * What a component (gate, egress, supervise) and its monitor say to each other.
 *
 * The monitor executes a component with its control socket as descriptor 3, its log (append only)
 * as 2, nothing else; uid, mounts, pid and network namespace are set, capabilities are none. Then:
 *
 *	monitor → component	CONFIG, LOG, SECRET…, RULES, LISTENER…, PROGRAM…, BEGIN
 *	component → monitor	READY (locked down, listening) or FAILED
 *	later			(SECRET…) RELOAD, STOP, ANSWER, TOKEN_NOW / RELOADED, BUSY, PROPOSE,
 *STORE, TOKEN_ASK, TOKEN
 *
 * End of file on the socket ends a component at once. Anything unknown, early or malformed ends it,
 * too.
 */
#define COMPONENT_CONTROL_FD 3

enum component_msg {
	/* monitor → component */
	COMPONENT_CONFIG = 1, /* body: the component's slice of the plan, JSON */
	COMPONENT_SECRET,     /* body: NAME NUL value */
	COMPONENT_LISTENER,   /* body: name; one descriptor */
	/* no body: all was sent. Once more, to one that ends by itself (the writer of a store): its
	 * READY was found true, and its work may begin. */
	COMPONENT_BEGIN,
	COMPONENT_RELOAD,    /* body: a new slice, JSON */
	COMPONENT_STOP,	     /* no body: finish what was accepted upstream, then exit 0 */
	COMPONENT_RULES,     /* no body; one descriptor: compiled rules (scan/cache.h) */
	COMPONENT_ANSWER,    /* body: {"id", "status", "notes"}, JSON; see PROPOSE */
	COMPONENT_PROGRAM,   /* body: name; one descriptor: one of our programs, for it to run */
	COMPONENT_TOKEN_NOW, /* body: slot NUL value, the newest one: see TOKEN_ASK */
	/* body: {"seq", "chain", "torn"}, JSON: where its log, a chain of lines, ends
	 * (base/chain.h). Egress alone gets it. */
	COMPONENT_LOG,
	/* component → monitor */
	COMPONENT_READY = 64, /* no body */
	COMPONENT_FAILED,     /* body: struct err */
	COMPONENT_RELOADED,   /* body: struct err; code 0: the new policy is in force */
	COMPONENT_BUSY,	      /* body: uint32_t, pushes accepted upstream and not yet answered */
	/*
	 * Something is proposed to the operator: {"id": number of the component's choice, "tool",
	 * "proposed_file", "justification"}, JSON. The ANSWER has the same id and the status
	 * approved, modified, rejected or pending.
	 */
	COMPONENT_PROPOSE,
	/*
	 * The gate has fetched: body is the repository's name; descriptors: a pack (read-only), and
	 * the refs that the upstream has ("OID NAME" lines). For the store of its upstream.
	 */
	COMPONENT_STORE,
	/*
	 * Egress is about to renew what stands in this slot (body: its name): a refresh token, or a
	 * login's file. TOKEN_NOW is the answer: what stands there now, which another bottle may
	 * have renewed meanwhile, and no other renews it until TOKEN comes, or a minute has passed.
	 */
	COMPONENT_TOKEN_ASK,
	/*
	 * Body: slot NUL value; at most COMPONENT_TOKEN_MAX. What was renewed, to be kept: a
	 * refresh token; of a login {"access_token", "refresh_token", "id_token", "expires_at"} as
	 * JSON, of which each may be missing. An empty value: nothing was.
	 */
	COMPONENT_TOKEN,
};

#define COMPONENT_TOKEN_MAX 65536

#define COMPONENT_LISTENERS_MAX 8
#define COMPONENT_SECRETS_MAX	128

struct component_listener {
	char name[32];
	int fd; /* owned */
};

struct component_secret {
	char *name;
	struct secret value;
};

struct component_boot {
	char *config; /* JSON text */
	char *log;    /* JSON text, or NULL */
	struct component_secret secrets[COMPONENT_SECRETS_MAX];
	size_t n_secrets;
	struct component_listener listeners[COMPONENT_LISTENERS_MAX];
	size_t n_listeners;
};

/*
 * Component side: reads everything up to BEGIN. The caller owns *ret (component_boot_done).
 * -EPIPE when the monitor is gone.
 */
int component_boot(int sock, struct component_boot *ret, struct err *e);

/* One SECRET, into b, in the place of one with the same name. Later than BEGIN: in front of a
 * RELOAD, for whose slice it is. */
struct msg;
int component_take_secret(struct component_boot *b, const struct msg *m, struct err *e);
void component_boot_done(struct component_boot *b);

/* The listener's descriptor, moved out; -1 when it was not handed over. */
int component_take_listener(struct component_boot *b, const char *name);

/* A program's descriptor (O_PATH), moved out; -1 when it was not handed over. */
int component_take_program(struct component_boot *b, const char *name);

/* The scanner's compiled rules, moved out; -1 when they were not handed over. */
int component_take_rules(struct component_boot *b);

/* Borrowed; NULL when it was not handed over. */
const struct secret *component_secret(const struct component_boot *b, const char *name);

int component_ready(int sock, struct err *e);
void component_failed(int sock, const struct err *why); /* best effort */

#endif
