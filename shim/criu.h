#ifndef SHIM_CRIU_H
#define SHIM_CRIU_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/err.h"
#include "base/proc.h"
#include "base/str.h"

/*
 * criu(8) as `criu swrk`: a program of the host that takes requests over a socket and is gone
 * afterwards (criu.org/RPC; the numbers of messages and fields are those of its images/rpc.proto,
 * which never change their meaning). It speaks protocol buffers, shim/protobuf.h.
 */
enum criu_request {
	CRIU_DUMP = 1,
	CRIU_RESTORE = 2,
	CRIU_PRE_DUMP = 4,
	CRIU_NOTIFY = 6,
	CRIU_FEATURE_CHECK = 9,
	CRIU_VERSION = 10,
};

enum criu_feature { CRIU_MEM_TRACK = 1, CRIU_LAZY_PAGES = 2 };

/* criu numbers what it inherits itself; the socket is 3. */
#define CRIU_FIRST_FD 4

struct criu {
	struct proc proc;
	int sock;
};

#define CRIU_NONE ((struct criu){.proc = PROC_NONE, .sock = -1})

/*
 * spec: path is a program's path or a name for PATH; fds beside the socket, cgroup_fd and in_child
 * as proc_spawn takes them, the rest is filled in. -ENOENT says what to install. Needs root.
 */
int criu_start(const struct proc_spec *spec, struct criu *ret, struct err *e);

/* 0, or -ENOTSUP when it is older than 3.0, which has the requests that we make. */
int criu_check_version(struct criu *c, struct err *e);

/* 0, or -ENOTSUP: this criu on this kernel cannot do it. */
int criu_check_feature(struct criu *c, enum criu_feature feature, struct err *e);

/* What happens while criu works. fd is the callee's to take (steal_fd), -1 when none came. */
struct criu_note {
	const char *name; /* "post-restore", … */
	pid_t pid;	  /* of the container's init, 0 when not told */
	int fd;
};

struct criu_listener {
	int (*hear)(void *arg, struct criu_note *note, struct err *e);
	void *arg;
};

/*
 * The one piece of work: DUMP, PRE_DUMP or RESTORE with the encoded criu_opts. Every notification
 * goes to the listener; its failure is told to criu, which undoes its work, and is the error. 0, or
 * an error with criu's words; what criu wrote into its log file is not in it.
 */
int criu_work(struct criu *c, enum criu_request type, const struct str *opts,
	const struct criu_listener *listener, struct err *e);

/* Ends it, where it still runs. */
void criu_end(struct criu *c);
#define cleanup_criu __attribute__((cleanup(criu_end)))

#endif
