#ifndef EGRESS_LOOP_H
#define EGRESS_LOOP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/*
 * The event loop: one thread, epoll, a tick a second for deadlines while there is anything that has
 * one. A watch is embedded in what it belongs to; its owner must outlive the round of events
 * (loop_later frees then).
 */
struct loop;

struct loop_watch {
	void (*ready)(struct loop_watch *w, uint32_t epoll_events);
};

int loop_new(struct loop **ret, struct err *e);
void loop_free(struct loop *l);

/* Watches fd for these epoll events until it is closed. The watch is borrowed. */
int loop_add(struct loop *l, int fd, uint32_t epoll_events, struct loop_watch *w);

/* From here on another watch is told of it, at first of what is the case now. */
int loop_move(struct loop *l, int fd, uint32_t epoll_events, struct loop_watch *w);

/* Calls fn(arg) after this round of events. Never fails: entries are embedded. */
struct loop_task {
	struct loop_task *next;
	void (*fn)(struct loop_task *t);
	bool queued;
};
void loop_later(struct loop *l, struct loop_task *t);

/* Milliseconds of CLOCK_MONOTONIC, read once a round. */
int64_t loop_now_ms(const struct loop *l);

/* Microseconds of the monotonic clock, as they are now: for figures. */
int64_t loop_now_us(void);

/* Calls fn(arg) about once a second while fn's last answer, or loop_want_ticks, wants it. */
void loop_set_tick(struct loop *l, bool (*fn)(void *arg), void *arg);
void loop_want_ticks(struct loop *l);
/* The next tick, if it would be later, comes in so many milliseconds. */
void loop_tick_within(struct loop *l, int ms);

/* Calls t->fn once, when nothing has happened for `quiet_ms`. One such task at a time. */
void loop_when_quiet(struct loop *l, int quiet_ms, struct loop_task *t);

/* Serves until loop_stop. 0, or -errno of epoll. */
int loop_run(struct loop *l, struct err *e);
void loop_stop(struct loop *l);

#endif
