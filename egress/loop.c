#include "egress/loop.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <time.h>

#include "base/fd.h"
#include "base/proc.h"

#define EVENTS_MAX 64
#define TICK_MS	   1000

struct loop {
	int epoll;
	bool stopped;
	int64_t now_ms;
	bool (*tick)(void *arg);
	void *tick_arg;
	bool ticking;
	int64_t next_tick_ms;
	struct loop_task *first, **last;
	struct loop_task *quiet; /* loop_when_quiet; NULL: none */
	int quiet_ms;
};

int loop_new(struct loop **ret, struct err *e)
{
	struct loop *l = calloc(1, sizeof(*l));

	if (!l)
		return err_set(e, ENOMEM, "the event loop");
	l->last = &l->first;
	l->now_ms = proc_now_ms();
	l->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (l->epoll < 0) {
		err_set(e, errno, "epoll_create1");
		free(l);
		return -e->code;
	}
	*ret = l;
	return 0;
}

void loop_free(struct loop *l)
{
	if (!l)
		return;
	fd_close(&l->epoll);
	free(l);
}

int loop_add(struct loop *l, int fd, uint32_t epoll_events, struct loop_watch *w)
{
	struct epoll_event ev = {.events = epoll_events, .data.ptr = w};

	return epoll_ctl(l->epoll, EPOLL_CTL_ADD, fd, &ev) < 0 ? -errno : 0;
}

int loop_move(struct loop *l, int fd, uint32_t epoll_events, struct loop_watch *w)
{
	struct epoll_event ev = {.events = epoll_events, .data.ptr = w};

	return epoll_ctl(l->epoll, EPOLL_CTL_MOD, fd, &ev) < 0 ? -errno : 0;
}

void loop_later(struct loop *l, struct loop_task *t)
{
	if (t->queued)
		return;
	t->queued = true;
	t->next = NULL;
	*l->last = t;
	l->last = &t->next;
}

int64_t loop_now_ms(const struct loop *l)
{
	return l->now_ms;
}

int64_t loop_now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

void loop_set_tick(struct loop *l, bool (*fn)(void *arg), void *arg)
{
	l->tick = fn;
	l->tick_arg = arg;
}

void loop_want_ticks(struct loop *l)
{
	if (l->ticking)
		return;
	l->ticking = true;
	l->next_tick_ms = l->now_ms + TICK_MS;
}

void loop_tick_within(struct loop *l, int ms)
{
	loop_want_ticks(l);
	if (l->next_tick_ms > l->now_ms + ms)
		l->next_tick_ms = l->now_ms + ms;
}

void loop_stop(struct loop *l)
{
	l->stopped = true;
}

/* Only the tasks that were queued when it began: one that queues itself waits for the next round.
 */
static void run_tasks(struct loop *l)
{
	struct loop_task *t = l->first;

	l->first = NULL;
	l->last = &l->first;
	while (t) {
		struct loop_task *next = t->next;

		t->queued = false;
		t->fn(t);
		t = next;
	}
}

static void run_tick(struct loop *l)
{
	if (!l->ticking || l->now_ms < l->next_tick_ms)
		return;
	l->next_tick_ms = l->now_ms + TICK_MS;
	l->ticking = l->tick(l->tick_arg);
}

static int timeout_of(const struct loop *l)
{
	int64_t left;

	if (l->first)
		return 0;
	if (!l->ticking)
		return -1;
	left = l->next_tick_ms - l->now_ms;
	return left < 0 ? 0 : (int)left;
}

void loop_when_quiet(struct loop *l, int quiet_ms, struct loop_task *t)
{
	l->quiet = t;
	l->quiet_ms = quiet_ms;
}

static int wait_ms(const struct loop *l)
{
	int ms = timeout_of(l);

	return l->quiet && (ms < 0 || ms > l->quiet_ms) ? l->quiet_ms : ms;
}

static void run_quiet(struct loop *l)
{
	struct loop_task *t = l->quiet;

	if (!t)
		return;
	l->quiet = NULL;
	t->fn(t);
}

int loop_run(struct loop *l, struct err *e)
{
	struct epoll_event events[EVENTS_MAX];

	while (!l->stopped) {
		int n = epoll_wait(l->epoll, events, EVENTS_MAX, wait_ms(l));

		if (n < 0 && errno != EINTR)
			return err_set(e, errno, "epoll_wait");
		l->now_ms = proc_now_ms();
		for (int i = 0; i < n && !l->stopped; i++) {
			struct loop_watch *w = events[i].data.ptr;

			w->ready(w, events[i].events);
		}
		run_tasks(l);
		run_tick(l);
		if (n == 0)
			run_quiet(l);
	}
	return 0;
}
