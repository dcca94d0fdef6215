#include "forge/lockdown.h"

#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
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

static const struct confine_row rows[] = {
	WHEN("socket", 0, AF_INET, "the connection"),
	WHEN("socket", 0, AF_INET6, "the same"),
	ANY("connect", "the connection"),
	ANY("getsockopt", "whether it stands"),
	ANY("setsockopt", "its options"),
	ANY("getpeername", "libcurl's notes of it"),
	ANY("getsockname", "the same"),
	ANY("recvfrom", "the answer"),
	ANY("sendto", "the request"),
	ANY("read", "the answer, as OpenSSL reads it"),
	ANY("write", "the request; the log"),
	ANY("recvmsg", "the monitor's words"),
	ANY("sendmsg", "words to it"),
	ANY("poll", "waiting"),
	ANY("ppoll", "the same on arm64"),
	ANY("fcntl", "a socket that does not block"),
	WHEN("ioctl", 1, FIONBIO, "the same"),
	ANY("pipe2", "libcurl's own wake-up"),
	ANY("eventfd2", "the same"),
	ANY("socketpair", "the same"),
	ANY("close", "the end of a connection"),
	ANY("fstat", "the length of a control message's memfd"),
	ANY("newfstatat", "the same, as newer libraries call it"),
	ANY("pread64", "a control message's memfd"),
	ANY("brk", "memory"),
	WHEN("mmap", 2, PROT_READ | PROT_WRITE, "memory"),
	WHEN("mprotect", 2, PROT_READ | PROT_WRITE, "memory"),
	ANY("mremap", "memory"),
	ANY("munmap", "memory"),
	ANY("madvise", "memory given back"),
	ANY("mlock", "memory of a secret"),
	ANY("getrandom", "TLS"),
	ANY("clock_gettime", "time, where the vDSO cannot tell it"),
	ANY("gettimeofday", "the same"),
	ANY("time", "the same"),
	ANY("futex", "locks of the libraries"),
	ANY("getpid", "OpenSSL's random numbers; the C library's abort"),
	ANY("gettid", "the C library's abort"),
	ANY("tgkill", "the C library's abort: a failed check ends the process"),
	ANY("rt_sigaction", "libcurl minds SIGPIPE"),
	ANY("rt_sigprocmask", "the C library's abort"),
	ANY("rt_sigreturn", "end of a signal handler"),
	ANY("restart_syscall", "a wait that was interrupted"),
	ANY("exit", "the end"),
	ANY("exit_group", "the end"),
};

int forge_lockdown(struct err *e)
{
	int r = confine_privileges(e);

	/* The C library reads the time zone's file before it tells any time, UTC too. */
	tzset();
	return r < 0 ? r : confine_syscalls(rows, ARRAY_LEN(rows), e);
}
