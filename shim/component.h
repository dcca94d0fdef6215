#ifndef SHIM_COMPONENT_H
#define SHIM_COMPONENT_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/types.h>

#include "base/component.h"
#include "base/err.h"
#include "base/proc.h"
#include "bundle/policy.h"
#include "shim/component_root.h"

/*
 * The sidecar's programs and how each is started and confined. The table is the architecture: what
 * a component may have stands in its row, and everything else it has not.
 *
 * A component runs under a small pid 1 of ours in mount, pid, ipc and uts namespaces of its own and
 * in the sidecar's network namespace, or in an empty one; under a uid of its own, without groups
 * and capabilities, with no_new_privs. Its seccomp filter it installs itself (base/confine.h);
 * component_verify looks.
 */
enum component_id { COMPONENT_GATE, COMPONENT_EGRESS, COMPONENT_SCAN, COMPONENT_COUNT };

struct component_kind {
	const char *name;
	const char *program;	 /* under libexec */
	const char *helper;	 /* another one, handed over for it to run; or NULL */
	unsigned int uid_offset; /* within the bottle's slot (shim/uids.h) */
	bool with_proc;		 /* /proc of its own pid namespace */
	bool with_git;		 /* /git, writable, and /git-gate/creds */
	bool with_rules;	 /* the scanner's compiled rules */
	bool with_network;	 /* the sidecar's; else one with nothing in it, not even lo up */
	bool chained_log;	 /* its log is a chain of lines (base/chain.h) */
	bool bare;		 /* an empty root: the program is static and opens nothing */
	const char *door; /* which end of the scanner's it gets (scan/serve_wire.h); or NULL */
	rlim_t files, processes, file_size;
};

/*
 * Of a component that needs a few. RLIMIT_NPROC counts what a uid has on the whole machine, and
 * exec(2) fails above it: bottles whose slots of uids are given out below different /run share
 * uids, and must not stop one another. What holds one bottle's components is its cgroup's pids
 * limit (shim/sidecar_cgroup.c), and the scanner's filter lets it make no process at all; this is
 * the bound where there is no such cgroup.
 */
#define COMPONENT_PROCESSES 128

extern const struct component_kind component_kinds[COMPONENT_COUNT];

/* What a bottle adds to the row. All borrowed. */
struct component_start {
	const struct component_kind *kind;
	int program_fd;
	int netns_fd; /* of with_network */
	int log_fd;   /* becomes its descriptor 2 */
	int creds_fd; /* component_creds_add's memfd, or -1 */
	uint32_t uid;
	const char *resolv_conf;	    /* or NULL */
	const char *git_dir;		    /* or NULL; with `gate` */
	const struct policy_gate *gate;	    /* its slice, for what git is configured by */
	const struct component_bind *binds; /* further directories (shim/component_root.h) */
	size_t n_binds;
};

struct component {
	struct proc init; /* its pid 1; the end of it is the end of the component */
	int control;	  /* owned; COMPONENT_CONTROL_FD of the component is the other end */
};

#define COMPONENT_NONE ((struct component){.init = {.pid = 0, .pidfd = -1}, .control = -1})

/*
 * From pid 1 over the control socket, before the component's own first message: no body, one
 * descriptor, the component's pidfd. What fails before the program runs comes as COMPONENT_FAILED.
 */
#define COMPONENT_STARTED 63

/* Returns at once. The caller must be single-threaded and root. On failure nothing is left. */
int component_spawn(const struct component_start *s, struct component *ret, struct err *e);

/* SIGKILL to everything of it, and reap. */
void component_kill(struct component *c);

/* Pid that a pidfd stands for, in the caller's pid namespace; -ESRCH when it has ended. */
pid_t component_pid_of(int pidfd, struct err *e);

/*
 * Reads /proc/PID/status: seccomp filter and no_new_privs are on, each capability set is empty,
 * every uid and gid is `uid`, no supplementary groups. Else -EPERM with what is not so.
 */
int component_verify(pid_t pid, uint32_t uid, struct err *e);

/* "status 3", "SIGSYS: a system call outside its allow-list" … into buf. */
const char *component_end_text(int wait_status, char *buf, size_t size);

#endif
