#include "scan/serve_lockdown.h"

#include <sys/mman.h>
#include <time.h>

#include "base/confine.h"
#include "base/ptr.h"

#define ANY(call, reason)                                                                          \
	{                                                                                          \
		.name = call, .why = reason                                                        \
	}
#define WHEN(call, n, v, reason)                                                                   \
	{                                                                                          \
		.name = call, .why = reason, .cond = CONFINE_ARG_EQ, .arg = n, .value = v          \
	}

/* No socket, no file, no program, no process, no memory that is written and executed. */
static const struct confine_row rows[] = {
	ANY("poll", "waiting"),
	ANY("ppoll", "the same on arm64"),
	ANY("recvfrom", "texts"),
	ANY("sendto", "findings"),
	ANY("recvmsg", "new connections; the monitor's words"),
	ANY("sendmsg", "READY"),
	ANY("fstat", "the length of a control message's memfd"),
	ANY("newfstatat", "the same, as newer libraries call it"),
	ANY("pread64", "a control message's memfd"),
	ANY("write", "the log"),
	ANY("close", "connections that end"),
	ANY("brk", "memory"),
	WHEN("mmap", 2, PROT_READ | PROT_WRITE, "memory"),
	WHEN("mprotect", 2, PROT_READ | PROT_WRITE, "memory"),
	ANY("mremap", "memory"),
	ANY("munmap", "memory"),
	ANY("madvise", "memory given back"),
	ANY("getrandom", "the C library's heap"),
	ANY("clock_gettime", "time, where the vDSO cannot tell it"),
	ANY("gettimeofday", "the same"),
	ANY("time", "the same"),
	ANY("futex", "locks of the libraries"),
	ANY("getpid", "the C library's abort"),
	ANY("gettid", "the C library's abort"),
	ANY("tgkill", "the C library's abort: a failed check ends the process"),
	ANY("rt_sigprocmask", "the C library's abort"),
	ANY("rt_sigreturn", "end of a signal handler"),
	ANY("restart_syscall", "a wait that was interrupted"),
	ANY("exit", "the end"),
	ANY("exit_group", "the end"),
};

int serve_lockdown(pid_t parent, struct err *e)
{
	int r = confine_die_with_parent(parent, e);

	/* The C library reads the time zone's file before it tells any time, UTC too. */
	tzset();
	if (r == 0)
		r = confine_privileges(e);
	return r < 0 ? r : confine_syscalls(rows, ARRAY_LEN(rows), e);
}
