/*
 * What bottle-shim does before its C library starts: where it is about to enter a container, it
 * executes itself again from a read-only mount of its file (shim/self.h). Done here, the library
 * (its relocations, its questions to processor and kernel) starts once in a command, not twice.
 *
 * This is the program's entry point (the Makefile names it to the linker). Nothing of the library
 * works yet: no relocated pointer, no thread-local variable, no function of its. Whatever fails is
 * left to self_protect, which tries again and can tell.
 */
#include <fcntl.h>
#include <limits.h>
#include <linux/mount.h>
#include <stdbool.h>
#include <sys/syscall.h>

void early_main(long *stack);

#if defined(__x86_64__)
/* The kernel's first stack and RDX go on to _start as they came. */
__asm__(".globl early_start\n"
	".type early_start, @function\n"
	"early_start:\n"
	"	endbr64\n"
	"	mov %rsp, %rdi\n"
	"	push %rdx\n"
	"	sub $8, %rsp\n"
	"	call early_main\n"
	"	add $8, %rsp\n"
	"	pop %rdx\n"
	"	jmp _start\n");

static long call(long nr, long a, long b, long c, long d, long e)
{
	register long r10 __asm__("r10") = d;
	register long r8 __asm__("r8") = e;
	long ret;

	__asm__ volatile("syscall"
			 : "=a"(ret)
			 : "a"(nr), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8)
			 : "rcx", "r11", "memory");
	return ret;
}
#elif defined(__aarch64__)
__asm__(".globl early_start\n"
	".type early_start, %function\n"
	"early_start:\n"
	"	hint #34\n" /* bti c */
	"	mov x19, x0\n"
	"	mov x0, sp\n"
	"	mov x29, #0\n"
	"	bl early_main\n"
	"	mov x0, x19\n"
	"	mov x30, #0\n"
	"	b _start\n");

static long call(long nr, long a, long b, long c, long d, long e)
{
	register long x8 __asm__("x8") = nr;
	register long x0 __asm__("x0") = a;
	register long x1 __asm__("x1") = b;
	register long x2 __asm__("x2") = c;
	register long x3 __asm__("x3") = d;
	register long x4 __asm__("x4") = e;

	__asm__ volatile("svc #0"
			 : "+r"(x0)
			 : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4)
			 : "memory");
	return x0;
}
#else
#error "the entry point on this architecture"
#endif

/* Volatile, so that no compiler makes calls of the library's string functions of these loops. */
static bool same(const volatile char *a, const volatile char *b)
{
	while (*a && *a == *b) {
		a++;
		b++;
	}
	return *a == *b;
}

static bool begins(const volatile char *text, const volatile char *with)
{
	while (*with && *text == *with) {
		text++;
		with++;
	}
	return !*with;
}

/* As protect_early has it, and most commands that enter a container; the others take longer. */
static bool may_enter(char **argv)
{
	for (; *argv; argv++)
		if (same(*argv, "create") || same(*argv, "run") || same(*argv, "exec"))
			return true;
	return false;
}

static void execute_again(char *path, char **argv, char **envp)
{
	struct mount_attr attr = {.attr_set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID};
	const char *self = "/proc/self/exe", *nothing = "";
	char *given = argv[0];
	long fd = call(
		SYS_open_tree, AT_FDCWD, (long)self, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC, 0, 0);

	if (fd < 0)
		return;
	argv[0] = path;
	if (call(SYS_mount_setattr, fd, (long)nothing, AT_EMPTY_PATH, (long)&attr, sizeof(attr)) ==
		0)
		call(SYS_execveat, fd, (long)nothing, (long)argv, (long)envp, AT_EMPTY_PATH);
	argv[0] = given;
	call(SYS_close, fd, 0, 0, 0, 0);
}

/* stack: argc, argv, NULL, the environment (the processor's ABI supplement). */
void early_main(long *stack)
{
	static char path[PATH_MAX];
	char **argv = (char **)(stack + 1);
	long len;

	if (stack[0] < 2 || !may_enter(argv + 1))
		return;
	len = call(
		SYS_readlinkat, AT_FDCWD, (long)"/proc/self/exe", (long)path, sizeof(path) - 1, 0);
	/* The copy: a file that is the root of its mount, or one in memory. */
	if (len <= 1 || begins(path, "/memfd:"))
		return;
	execute_again(path, argv, argv + stack[0] + 1);
}
