#ifndef SHIM_MONITOR_H
#define SHIM_MONITOR_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "base/proc.h"
#include "bundle/policy.h"
#include "shim/ca.h"
#include "shim/component.h"
#include "shim/monitor_plan.h"
#include "shim/monitor_record.h"
#include "shim/monitor_sockets.h"
#include "shim/probe.h"
#include "shim/uids.h"

/*
 * The monitor of one bottle: makes the sidecar, watches it, takes it down. Theory of operation:
 *
 *	BOOTING	  what the runtime sent is being read; the namespace, the CA and the components'
 *		  processes are made; then it answers
 *	BOOTED	  components load, the runtime makes init
 *	ATTACHED  the link is there, listeners were handed over, components get ready
 *	READY	  every listener has answered a request from the agent's namespace
 *	STARTED	  the egress network is there and sealed in: the user's process may run
 *	STOPPING  components were told; nothing starts any more
 *
 * Phases only go forward. Until COMMIT (a flag: it may come in READY only) the end of the runtime
 * ends everything; afterwards the agent's end does, or STOP. Whatever happens to the monitor itself
 * kills the components (PDEATHSIG) and with them every way out of the agent's namespace.
 *
 * One thread, one poll loop (monitor_loop.c); nothing in it waits for an untrusted process.
 */
enum monitor_phase {
	MONITOR_BOOTING,
	MONITOR_BOOTED,
	MONITOR_ATTACHED,
	MONITOR_READY,
	MONITOR_STARTED,
	MONITOR_STOPPING,
};

#define MONITOR_PEERS_MAX      16
#define MONITOR_PART_SOCKETS   2
#define MONITOR_START_MAX_MS   10000 /* a component's way to READY */
#define MONITOR_PROBE_MAX_MS   5000
#define MONITOR_GRACE_MS       2000
#define MONITOR_BUSY_GRACE_MS  8000 /* a push that the upstream has accepted already */
#define MONITOR_BACKOFF_MIN_MS 100
#define MONITOR_BACKOFF_MAX_MS 30000
#define MONITOR_LONG_LIFE_MS   60000 /* back-off starts anew after such a life */

/*
 * A component's life. DOWN → LOADING → STARTING → PROBING → UP; from any of these over ENDING to
 * DOWN when it goes wrong or dies (until `due`), to STOPPING on the way out, and so to GONE.
 */
enum part_state {
	PART_DOWN,     /* not running; to be started at `due` */
	PART_LOADING,  /* loads, gets its configuration and secrets; there are no listeners yet */
	PART_STARTING, /* has everything; READY must come until `due` */
	PART_PROBING,  /* READY and found confined; its listeners must answer until `due` */
	PART_UP,
	PART_ENDING,   /* gone wrong, or closed its socket: killed at `due` if it has not ended */
	PART_STOPPING, /* was told to stop; killed at `due` */
	PART_GONE,
};

struct monitor_part {
	const struct component_kind *kind;
	enum part_state state;
	int program_fd, helper_fd, log_fd, creds_fd; /* kept for restarts */
	struct component c;
	int pidfd;	 /* the component's own, from COMPONENT_STARTED */
	bool ready;	 /* READY came */
	bool held;	 /* not started yet: the keys that it is to have are being made */
	bool configured; /* configuration and secrets were sent */
	bool failed;	 /* FAILED came: `why` tells, better than a status */
	struct err why;
	uint32_t busy;		/* pushes accepted upstream and not yet answered */
	unsigned int proposals; /* of this life */
	int64_t due, up_since;	/* up_since 0: this life was never UP */
	int64_t told;		/* when it was told to stop */
	int backoff_ms;
	struct probe probes[MONITOR_PART_SOCKETS];
};

enum monitor_wait { WAIT_NONE, WAIT_READY, WAIT_START, WAIT_STOP, WAIT_RELOAD };

/* Somebody who asks: the runtime that made us (boot), or a connection to monitor.sock. */
struct monitor_peer {
	int fd; /* -1: free */
	enum monitor_wait wait;
	int64_t due; /* WAIT_READY, WAIT_START, WAIT_RELOAD: gives up then */
};

struct monitor_key; /* shim/monitor_keys.h */

struct monitor {
	enum monitor_phase phase;
	bool committed;
	bool hurry;   /* the end without grace */
	int64_t born; /* proc_now_ms */
	struct monitor_plan plan;
	struct policy_gate gate;
	struct ca ca;
	struct uids uids;
	struct monitor_record record;
	int netns_fd, agent_netns_fd, agent_pidfd;
	int state_dirfd, home_dirfd; /* home: STATE_HOME/SLUG */
	int listen_fd, signal_fd;
	int metrics_fd; /* listens for those who want egress' figures (shim/monitor_metrics.h) */
	int rules_fd;	/* the scanner's compiled rules; -1 before they are there */
	int door[2];	/* of the scanner: in it, outside; kept for the next life of either side */
	char *resolv_conf;
	char gateway[16];  /* over which pasta leads out; "": it was never up */
	struct proc pasta; /* PROC_NONE: the bottle is connected otherwise, or not */
	int64_t pasta_due; /* when it is to be started again; 0: it runs, or never did */
	struct monitor_peer boot;
	struct monitor_peer peers[MONITOR_PEERS_MAX];
	struct monitor_part parts[COMPONENT_COUNT];
	struct monitor_key *keys; /* as the plan has them, as far as they were begun */
	size_t n_keys;
	int sockets[MONITOR_SOCKETS];  /* as in monitor_sockets; -1 before ATTACH */
	struct monitor_store *store;   /* NULL: there is none (shim/monitor_store.h) */
	struct monitor_reload *reload; /* a new policy on its way; NULL: none (monitor_reload.h) */
	struct proc reloader;	       /* reads the manifests again, for SIGHUP; PROC_NONE: none */
	bool reload_again;	       /* … and again after it: another SIGHUP came */
	struct err failure;	       /* code != 0: why the bottle cannot get ready */
	bool engine_network;	       /* as found at start */
};

void monitor_init(struct monitor *m);
void monitor_done(struct monitor *m);

uid_t monitor_uid(const struct monitor *m, enum component_id id);

/* Remembers in STATE_DIR/sidecar.json what is there now. */
int monitor_remember(struct monitor *m, struct err *e);

/* The first failure on the way to READY stays the one that is told. */
void monitor_fail(struct monitor *m, const struct err *why);

/* Begins the end: components are told to stop, or killed when hurry. Idempotent. */
void monitor_stop(struct monitor *m, bool hurry, const char *why);

/* Serves until the end of the bottle. Everything is removed when it returns. */
void monitor_loop(struct monitor *m);

#endif
