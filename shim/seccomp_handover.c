#include "shim/seccomp_handover.h"

#include <errno.h>
#include <sched.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "shim/scm.h"

#define STACK_SIZE (64U << 10)

enum { WAITING = -2 };

struct seccomp_handover {
	int agent;
	const char *text;
	atomic_int listener; /* WAITING, then what seccomp_handover_end was given */
	atomic_int gone;     /* set when the thread has left this memory alone for good */
	struct err why;	     /* code 0: it was sent */
	char stack[STACK_SIZE] __attribute__((aligned(16)));
};

/*
 * Shares its thread-local storage (errno) with the first thread, as clone(2) without CLONE_SETTLS
 * has it: the two never make a call that can fail at the same time.
 */
static int hand_over(void *arg)
{
	static const struct timespec pause = {.tv_nsec = 20000};
	struct seccomp_handover *h = arg;
	int fd;

	while ((fd = atomic_load(&h->listener)) == WAITING)
		nanosleep(&pause, NULL);
	if (fd >= 0)
		scm_send(h->agent, h->text, fd, &h->why);
	/* An agent may read to the end of the connection before it answers anything. */
	close(h->agent);
	atomic_store(&h->gone, 1);
	syscall(SYS_exit, 0);
	return 0;
}

int seccomp_handover_begin(
	int agent, const char *text, struct seccomp_handover **ret, struct err *e)
{
	struct seccomp_handover *h = mmap(NULL, sizeof(*h), PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);

	if (h == MAP_FAILED)
		return err_set(e, errno, "hand the seccomp listener over");
	h->agent = agent;
	h->text = text;
	atomic_init(&h->listener, WAITING);
	if (clone(hand_over, h->stack + STACK_SIZE,
		    CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD |
			    CLONE_SYSVSEM,
		    h) < 0) {
		int r = err_set(e, errno, "hand the seccomp listener over");

		munmap(h, sizeof(*h));
		return r;
	}
	*ret = h;
	return 0;
}

int seccomp_handover_end(struct seccomp_handover *h, int listener, struct err *e)
{
	atomic_store(&h->listener, listener);
	while (!atomic_load(&h->gone))
		;
	if (h->why.code == 0)
		return 0;
	*e = h->why;
	return err_wrap(e, "the seccomp agent has not taken the listener");
}
