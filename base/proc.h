#ifndef BASE_PROC_H
#define BASE_PROC_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"

/*
 * Processes: made in one place. A child gets exactly the descriptors of its table, default signals
 * with none blocked, and reports a failed exec as an error to its parent.
 */

struct proc {
	pid_t pid; /* 0: none */
	int pidfd; /* owned; -1: none */
};

#define PROC_NONE ((struct proc){.pid = 0, .pidfd = -1})

struct proc_fd {
	int from; /* descriptor of the caller */
	int to;	  /* its number in the child */
};

struct proc_spec {
	const char *path; /* program; or NULL and exec_fd */
	int exec_fd;	  /* descriptor of the program, used when path is NULL */
	char *const *argv;
	char *const *envp;	   /* NULL: empty */
	const struct proc_fd *fds; /* all that the child keeps; 0, 1, 2 not named: /dev/null */
	size_t n_fds;		   /* at most 32 */
	uint64_t clone_flags;	   /* CLONE_NEW…; 0 for none */
	int cgroup_fd;		   /* directory of a v2 cgroup to be born in; <= 0: the caller's */
	int new_session;	   /* setsid() */
	/*
	 * Called in the child before exec, after the descriptors were arranged; may do anything a
	 * fork of a single-threaded process may. An error ends the child and is returned by
	 * proc_spawn.
	 */
	int (*in_child)(void *arg, struct err *e);
	void *arg;
};

/*
 * Starts the program. Returns when it has been executed (0) or has failed to (-errno, nothing
 * left). The caller owns ret->pidfd and must proc_wait. The caller must be single-threaded.
 */
int proc_spawn(const struct proc_spec *spec, struct proc *ret, struct err *e);

/*
 * Waits for the end, at most timeout_ms (-1: for ever). Returns 1 and the wait status (as of
 * waitpid(2)) when it has ended and is reaped (proc is then PROC_NONE), 0 on timeout, or -errno.
 */
int proc_wait(struct proc *p, int timeout_ms, int *ret_status, struct err *e);

/* SIGKILL, reap, forget. */
void proc_kill(struct proc *p);
#define cleanup_proc __attribute__((cleanup(proc_kill)))

/* Raw pidfd calls (glibc 2.36 has them not for every build). -errno on failure. */
int proc_pidfd_open(pid_t pid);
int proc_pidfd_signal(int pidfd, int sig);

/* clone3(2) as a fork (no stack): 0 in the child, pid in the parent, -errno. ret_pidfd may be NULL.
 */
pid_t proc_fork(uint64_t clone_flags, int cgroup_fd, int *ret_pidfd);

/* Marks all descriptors >= first as close-on-exec, or closes them. */
int proc_cloexec_from(unsigned int first);
int proc_close_from(unsigned int first);

/* Closes all descriptors >= first but the n of `keep`, which it sorts; those below first and -1
 * may stand among them. */
int proc_close_but(unsigned int first, int *keep, size_t n);

/* Default dispositions for all signals, empty mask. */
void proc_reset_signals(void);

/* Field 22 of /proc/PID/stat: start time in clock ticks after boot. -ESRCH when there is none. */
int proc_start_time(pid_t pid, unsigned long long *ret_ticks, char *ret_state, struct err *e);

/* Milliseconds of CLOCK_MONOTONIC. */
int64_t proc_now_ms(void);

#endif
