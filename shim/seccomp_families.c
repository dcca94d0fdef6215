#include "shim/seccomp_families.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/net.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/ptr.h"

/* Set in the number of a system call of x32, which shares its architecture with x86_64. */
#define X32_BIT 0x40000000U

#define LOAD(member)	   BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, member))
#define IS(value, yes, no) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (value), (yes), (no))
#define RETURN(value)	   BPF_STMT(BPF_RET | BPF_K, (value))
#define FAIL(code)	   RETURN(SECCOMP_RET_ERRNO | (code))

/* 12 instructions for an architecture. args[0]: its lower half, both are little-endian. */
#define REFUSE(arch_nr, socket_nr)                                                                 \
	LOAD(arch), IS(arch_nr, 0, 10), LOAD(nr), BPF_STMT(BPF_ALU | BPF_AND | BPF_K, ~X32_BIT),   \
		IS(SYS_io_uring_setup, 0, 1), FAIL(ENOSYS), IS(socket_nr, 0, 4), LOAD(args[0]),    \
		IS(AF_VSOCK, 1, 0), IS(AF_ALG, 0, 1), FAIL(EAFNOSUPPORT),                          \
		RETURN(SECCOMP_RET_ALLOW)

int seccomp_refuse_families(struct err *e)
{
	struct sock_filter filter[] = {
#if defined(__x86_64__)
		/* i386's socketcall is 102; all else of i386 goes on to its block. */
		LOAD(arch),
		IS(AUDIT_ARCH_I386, 0, 5),
		LOAD(nr),
		IS(102, 0, 3),
		LOAD(args[0]),
		IS(SYS_SOCKET, 0, 1),
		FAIL(ENOSYS),
		REFUSE(AUDIT_ARCH_I386, 359),
		REFUSE(AUDIT_ARCH_X86_64, SYS_socket),
#elif defined(__aarch64__)
		REFUSE(AUDIT_ARCH_ARM, 281),
		REFUSE(AUDIT_ARCH_AARCH64, SYS_socket),
#else
#error "the system calls that make a socket on this architecture"
#endif
		RETURN(SECCOMP_RET_ALLOW)
	};
	struct sock_fprog prog = {.len = ARRAY_LEN(filter), .filter = filter};

	if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &prog) < 0)
		return err_set(e, errno, "refuse sockets that reach past the bottle");
	return 0;
}
