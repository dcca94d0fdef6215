#include "shim/store_lockdown.h"

#include <linux/sched.h>

#include "base/confine.h"
#include "base/ptr.h"

#define NAMESPACES                                                                                 \
	(CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER |             \
		CLONE_NEWPID | CLONE_NEWNET)

#define ROW(name, why)                                                                             \
	{                                                                                          \
		name, why, CONFINE_ANY, 0, 0, 0                                                    \
	}

/*
 * What the writer, git's index-pack, pack-objects and rev-list, and the dynamic loader need. Not
 * here, so deadly: every socket, signals to others, other owners and groups, mounts, namespaces.
 */
static const struct confine_row table[] = {
	/* programs */
	ROW("execve", "git, and git for its parts"),
	ROW("exit", "end of a thread"),
	ROW("exit_group", "end"),
	{"clone", "children and threads, but no namespace", CONFINE_ARG_MASKED_EQ, 0, NAMESPACES,
		0},
	{"clone3", "libc tries it first", CONFINE_ENOSYS, 0, 0, 0},
	ROW("vfork", "git starts its parts"),
	ROW("wait4", "end of children"),
	ROW("waitid", "end of children"),
	ROW("tgkill", "abort(3)"),
	ROW("arch_prctl", "thread-local storage"),
	ROW("set_tid_address", "libc's start"),
	ROW("set_robust_list", "libc's start"),
	ROW("rseq", "libc's start"),
	ROW("prctl", "names of threads"),
	ROW("prlimit64", "stack sizes"),
	ROW("getrlimit", "how many descriptors packs may take"),
	ROW("getpid", "names of temporary files"),
	ROW("gettid", "locks"),
	ROW("getppid", "whether the parent lives"),
	ROW("getuid", "whose files"),
	ROW("geteuid", "whose files"),
	ROW("getgid", "whose files"),
	ROW("getegid", "whose files"),
	ROW("uname", "git's agent string"),
	ROW("sysinfo", "how much memory packing may take"),
	ROW("sched_getaffinity", "how many threads there could be"),
	ROW("sched_yield", "locks"),
	ROW("umask", "modes of made files"),
	/* memory */
	ROW("brk", "heap"),
	ROW("mmap", "heap, packs, libraries"),
	ROW("munmap", "the same"),
	ROW("mremap", "large heaps"),
	ROW("mprotect", "the loader"),
	ROW("madvise", "heaps of threads"),
	ROW("memfd_create", "what git reads on standard input"),
	/* files */
	ROW("open", "files"),
	ROW("openat", "files"),
	ROW("openat2", "files"),
	ROW("close", "files"),
	ROW("close_range", "a child keeps what it was given"),
	ROW("read", "files, pipes"),
	ROW("readv", "files, pipes"),
	ROW("write", "files, pipes"),
	ROW("writev", "files, pipes"),
	ROW("pread64", "packs"),
	ROW("pwrite64", "packs"),
	ROW("lseek", "files"),
	ROW("fcntl", "descriptors"),
	ROW("dup", "descriptors"),
	ROW("dup2", "descriptors"),
	ROW("dup3", "descriptors"),
	ROW("pipe", "what git prints"),
	ROW("pipe2", "what git prints"),
	ROW("stat", "files"),
	ROW("fstat", "files"),
	ROW("lstat", "files"),
	ROW("newfstatat", "files"),
	ROW("statx", "files"),
	ROW("statfs", "files"),
	ROW("fstatfs", "files"),
	ROW("access", "whether a file is there"),
	ROW("faccessat", "whether a file is there"),
	ROW("faccessat2", "whether a file is there"),
	ROW("readlink", "links"),
	ROW("readlinkat", "links"),
	ROW("getcwd", "the repository's place"),
	ROW("chdir", "into the repository"),
	ROW("mkdir", "the place to work in"),
	ROW("rmdir", "what is not needed after all"),
	ROW("unlink", "temporary files"),
	ROW("unlinkat", "temporary files"),
	ROW("rename", "packs get their names"),
	ROW("renameat", "files get their names"),
	ROW("renameat2", "files get their names"),
	ROW("link", "packs get their names"),
	ROW("linkat", "files get their names"),
	ROW("chmod", "packs are read-only"),
	ROW("fchmod", "packs are read-only"),
	ROW("utime", "objects that are there already stay young"),
	ROW("utimensat", "objects that are there already stay young"),
	ROW("ftruncate", "packs are completed"),
	ROW("fallocate", "files"),
	ROW("fadvise64", "packs"),
	ROW("fsync", "packs outlive a sudden end"),
	ROW("fdatasync", "packs outlive a sudden end"),
	ROW("getdents64", "which packs there are"),
	ROW("ioctl", "whether something is a terminal"),
	ROW("sendmsg", "the monitor"),
	ROW("recvmsg", "the monitor"),
	/* waiting and time */
	ROW("poll", "waiting"),
	ROW("ppoll", "waiting"),
	ROW("futex", "threads"),
	ROW("restart_syscall", "after a stop"),
	ROW("clock_nanosleep", "git waits for a lock"),
	ROW("clock_gettime", "time"),
	ROW("gettimeofday", "time"),
	ROW("time", "time"),
	ROW("setitimer", "progress"),
	/* signals */
	ROW("rt_sigaction", "signals"),
	ROW("rt_sigprocmask", "signals"),
	ROW("rt_sigreturn", "signals"),
	ROW("sigaltstack", "signals"),
	ROW("getrandom", "names of temporary files"),
};

int store_lockdown_enter(pid_t parent, struct err *e)
{
	int r = confine_die_with_parent(parent, e);

	if (r == 0)
		r = confine_privileges(e);
	return r == 0 ? confine_syscalls(table, ARRAY_LEN(table), e) : r;
}
