#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/*
 * Makes a system call and tells its errno: syscalls HOW NUMBER [ARGUMENT…]
 *	call	natively
 *	int80	as a 32-bit program (x86)
 *	thread	in a second thread; "thread gone" when only that was killed
 *	trap	with a handler of SIGSYS, which tells the number
 * Static, so that it runs in any root.
 */

static long args[7];

static long native(void)
{
	return syscall(args[0], args[1], args[2], args[3], args[4], args[5], args[6]);
}

static long int80(void)
{
#ifdef __x86_64__
	long r;

	__asm__ volatile("int $0x80"
			 : "=a"(r)
			 : "a"(args[0]), "b"(args[1]), "c"(args[2]), "d"(args[3])
			 : "memory", "r8", "r9", "r10", "r11");
	if (r < 0) {
		errno = (int)-r;
		return -1;
	}
	return r;
#else
	return native();
#endif
}

static void tell(long r)
{
	printf("%d\n", r < 0 ? errno : 0);
	fflush(stdout);
}

static void *in_thread(void *arg)
{
	(void)arg;
	tell(native());
	return NULL;
}

static void trapped(int sig, siginfo_t *info, void *context)
{
	(void)sig;
	(void)context;
	printf("trapped %d\n", info->si_syscall);
	fflush(stdout);
	_exit(0);
}

int main(int argc, char **argv)
{
	const char *how = argc > 2 ? argv[1] : "";

	for (int i = 2; i < argc && i < 9; i++)
		args[i - 2] = strtol(argv[i], NULL, 0);
	if (strcmp(how, "call") == 0) {
		tell(native());
	} else if (strcmp(how, "int80") == 0) {
		tell(int80());
	} else if (strcmp(how, "trap") == 0) {
		struct sigaction sa = {.sa_sigaction = trapped, .sa_flags = SA_SIGINFO};

		sigaction(SIGSYS, &sa, NULL);
		tell(native());
	} else if (strcmp(how, "thread") == 0) {
		pthread_t t;

		pthread_create(&t, NULL, in_thread, NULL);
		pthread_join(t, NULL);
		puts("thread gone");
	} else {
		fputs("syscalls call|int80|thread|trap NUMBER [ARGUMENT…]\n", stderr);
		return 2;
	}
	return 0;
}
