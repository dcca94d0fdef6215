#include "egress/lockdown.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <time.h>

#include "base/confine.h"

#define ANY(call, reason)                                                                          \
	{                                                                                          \
		.name = call, .why = reason                                                        \
	}
#define WHEN(call, n, v, reason)                                                                   \
	{                                                                                          \
		.name = call, .why = reason, .cond = CONFINE_ARG_EQ, .arg = n, .value = v          \
	}

/* No execve, no open of any kind, no bind or listen, no memory that is written and executed. */
static const struct confine_row rows[] = {
	ANY("read", "a trust store opened before"),
	ANY("pread64", "resolv.conf, at each lookup"),
	ANY("write", "the log"),
	ANY("close", "connections that end"),
	ANY("fstat", "the length of a control message's memfd"),
	ANY("newfstatat", "the same, as newer libraries call it"),
	ANY("epoll_wait", "the event loop"),
	ANY("epoll_pwait", "the event loop on arm64"),
	ANY("epoll_ctl", "the event loop"),
	ANY("accept4", "the agent's connections"),
	WHEN("socket", 0, AF_INET, "upstreams and their names"),
	WHEN("socket", 0, AF_INET6, "the same over IPv6"),
	ANY("connect", "upstreams and name servers"),
	ANY("getsockname", "the original destination of a connection"),
	ANY("getsockopt", "the result of a dial"),
	ANY("setsockopt", "TCP_NODELAY, SO_LINGER"),
	ANY("recvfrom", "all connections"),
	ANY("sendto", "all connections"),
	ANY("recvmsg", "name service and control socket"),
	ANY("sendmsg", "name service and control socket"),
	ANY("shutdown", "half-closes"),
	WHEN("fcntl", 1, F_DUPFD_CLOEXEC, "the spare descriptor"),
	ANY("brk", "memory"),
	WHEN("mmap", 2, PROT_READ | PROT_WRITE, "memory"),
	WHEN("mprotect", 2, PROT_READ | PROT_WRITE, "memory"),
	ANY("mremap", "memory"),
	ANY("munmap", "memory"),
	ANY("madvise", "memory given back; secrets left out of dumps"),
	ANY("mlock", "secrets of a new policy"),
	ANY("getrandom", "keys, serials, ids"),
	ANY("clock_gettime", "time, where the vDSO cannot tell it"),
	ANY("gettimeofday", "the same"),
	ANY("time", "the same"),
	ANY("futex", "locks of the libraries"),
	ANY("getpid", "OpenSSL's random generator asks whether it was forked"),
	ANY("rt_sigprocmask", "the C library's abort"),
	ANY("rt_sigreturn", "end of a signal handler"),
	ANY("restart_syscall", "a wait that was interrupted"),
	ANY("gettid", "the C library's abort"),
	ANY("tgkill", "the C library's abort: a failed check ends the process"),
	ANY("exit", "the end"),
	ANY("exit_group", "the end"),
};

int lockdown(pid_t parent, struct err *e)
{
	int r = confine_die_with_parent(parent, e);

	/* The C library reads the time zone's file before it tells any time, UTC too. */
	tzset();
	if (r == 0)
		r = confine_privileges(e);
	return r < 0 ? r : confine_syscalls(rows, sizeof(rows) / sizeof(*rows), e);
}
