#include "control/seccomp.h"

#include "base/ptr.h"

/*
 * What programs need, and nothing that makes namespaces, mounts, modules, keys, perf events, BPF
 * programs or io_uring rings (whose operations no filter sees). Tests read this table, too.
 */
static const char *const allowed[] = {"accept", "accept4", "access", "alarm", "arch_prctl", "bind",
	"brk", "cachestat", "capget", "capset", "chdir", "chmod", "chown", "chroot", "clock_getres",
	"clock_gettime", "clock_nanosleep", "close", "close_range", "connect", "copy_file_range",
	"creat", "dup", "dup2", "dup3", "epoll_create", "epoll_create1", "epoll_ctl",
	"epoll_ctl_old", "epoll_pwait", "epoll_pwait2", "epoll_wait", "epoll_wait_old", "eventfd",
	"eventfd2", "execve", "execveat", "exit", "exit_group", "faccessat", "faccessat2",
	"fadvise64", "fallocate", "fchdir", "fchmod", "fchmodat", "fchmodat2", "fchown", "fchownat",
	"fcntl", "fdatasync", "fgetxattr", "flistxattr", "flock", "fork", "fremovexattr",
	"fsetxattr", "fstat", "fstatfs", "fsync", "ftruncate", "futex", "futex_requeue",
	"futex_wait", "futex_waitv", "futex_wake", "futimesat", "get_robust_list",
	"get_thread_area", "getcpu", "getcwd", "getdents", "getdents64", "getegid", "geteuid",
	"getgid", "getgroups", "getitimer", "getpeername", "getpgid", "getpgrp", "getpid",
	"getppid", "getpriority", "getrandom", "getresgid", "getresuid", "getrlimit", "getrusage",
	"getsid", "getsockname", "getsockopt", "gettid", "gettimeofday", "getuid", "getxattr",
	"inotify_add_watch", "inotify_init", "inotify_init1", "inotify_rm_watch", "io_cancel",
	"io_destroy", "io_getevents", "io_pgetevents", "io_setup", "io_submit", "ioctl",
	"ioprio_get", "ioprio_set", "kill", "landlock_add_rule", "landlock_create_ruleset",
	"landlock_restrict_self", "lchown", "lgetxattr", "link", "linkat", "listen", "listxattr",
	"llistxattr", "lremovexattr", "lseek", "lsetxattr", "lstat", "madvise", "map_shadow_stack",
	"membarrier", "memfd_create", "mincore", "mkdir", "mkdirat", "mknod", "mknodat", "mlock",
	"mlock2", "mlockall", "mmap", "mprotect", "mq_getsetattr", "mq_notify", "mq_open",
	"mq_timedreceive", "mq_timedsend", "mq_unlink", "mremap", "msgctl", "msgget", "msgrcv",
	"msgsnd", "msync", "munlock", "munlockall", "munmap", "name_to_handle_at", "nanosleep",
	"newfstatat", "open", "openat", "openat2", "pause", "pidfd_open", "pidfd_send_signal",
	"pipe", "pipe2", "pkey_alloc", "pkey_free", "pkey_mprotect", "poll", "ppoll", "prctl",
	"pread64", "preadv", "preadv2", "prlimit64", "process_mrelease", "process_vm_readv",
	"process_vm_writev", "pselect6", "ptrace", "pwrite64", "pwritev", "pwritev2", "read",
	"readahead", "readlink", "readlinkat", "readv", "recvfrom", "recvmmsg", "recvmsg",
	"remap_file_pages", "removexattr", "rename", "renameat", "renameat2", "restart_syscall",
	"rmdir", "rseq", "rt_sigaction", "rt_sigpending", "rt_sigprocmask", "rt_sigqueueinfo",
	"rt_sigreturn", "rt_sigsuspend", "rt_sigtimedwait", "rt_tgsigqueueinfo",
	"sched_get_priority_max", "sched_get_priority_min", "sched_getaffinity", "sched_getattr",
	"sched_getparam", "sched_getscheduler", "sched_rr_get_interval", "sched_setaffinity",
	"sched_setattr", "sched_setparam", "sched_setscheduler", "sched_yield", "seccomp", "select",
	"semctl", "semget", "semop", "semtimedop", "sendfile", "sendmmsg", "sendmsg", "sendto",
	"set_robust_list", "set_thread_area", "set_tid_address", "setfsgid", "setfsuid", "setgid",
	"setgroups", "setitimer", "setpgid", "setpriority", "setregid", "setresgid", "setresuid",
	"setreuid", "setrlimit", "setsid", "setsockopt", "setuid", "setxattr", "shmat", "shmctl",
	"shmdt", "shmget", "shutdown", "sigaltstack", "signalfd", "signalfd4", "socketpair",
	"splice", "stat", "statfs", "statx", "symlink", "symlinkat", "sync", "sync_file_range",
	"syncfs", "sysinfo", "tee", "tgkill", "time", "timer_create", "timer_delete",
	"timer_getoverrun", "timer_gettime", "timer_settime", "timerfd_create", "timerfd_gettime",
	"timerfd_settime", "times", "tkill", "truncate", "umask", "uname", "unlink", "unlinkat",
	"utime", "utimensat", "utimes", "vfork", "vmsplice", "wait4", "waitid", "write", "writev"};

/* The bits of clone(2)'s flags that make namespaces. */
#define CLONE_NEW_ANY 0x7E020000

/* One entry of `syscalls`; args and errno may be absent (NULL, 0). Takes args. */
static json_t *rule(const char *name, const char *action, json_t *args, int error)
{
	json_t *r = json_pack("{s:[s], s:s}", "names", name, "action", action);

	if (r && args)
		json_object_set_new(r, "args", args);
	if (r && error)
		json_object_set_new(r, "errnoRet", json_integer(error));
	return r;
}

static json_t *arg(int index, const char *op, json_int_t value, json_int_t value_two)
{
	return json_pack("[{s:i, s:s, s:I, s:I}]", "index", index, "op", op, "value", value,
		"valueTwo", value_two);
}

/* Calls of which only some uses are harmless. */
static void add_conditional(json_t *rules)
{
	static const json_int_t personalities[] = {0x0, 0x8, 0x20000, 0x20008, 0xffffffff};
	static const char allow[] = "SCMP_ACT_ALLOW";

	/* clone3 hides its flags in memory: ENOSYS makes the C library use clone. */
	json_array_append_new(rules, rule("clone3", "SCMP_ACT_ERRNO", NULL, 38));
	json_array_append_new(
		rules, rule("clone", allow, arg(0, "SCMP_CMP_MASKED_EQ", CLONE_NEW_ANY, 0), 0));
	/* Every family but AF_ALG (38) and AF_VSOCK (40), which reach past the namespace. */
	json_array_append_new(rules, rule("socket", allow, arg(0, "SCMP_CMP_LT", 38, 0), 0));
	json_array_append_new(rules, rule("socket", allow, arg(0, "SCMP_CMP_EQ", 39, 0), 0));
	json_array_append_new(rules, rule("socket", allow, arg(0, "SCMP_CMP_GT", 40, 0), 0));
	for (size_t i = 0; i < ARRAY_LEN(personalities); i++)
		json_array_append_new(rules,
			rule("personality", allow, arg(0, "SCMP_CMP_EQ", personalities[i], 0), 0));
}

json_t *seccomp_profile(void)
{
	json_t *names = json_array(), *rules = json_array();

	for (size_t i = 0; i < ARRAY_LEN(allowed); i++)
		json_array_append_new(names, json_string(allowed[i]));
	json_array_append_new(
		rules, json_pack("{s:o, s:s}", "names", names, "action", "SCMP_ACT_ALLOW"));
	add_conditional(rules);
	return json_pack("{s:s, s:i, s:o}", "defaultAction", "SCMP_ACT_ERRNO", "defaultErrnoRet", 1,
		"syscalls", rules);
}
