#include <errno.h>
#include <poll.h>
#include <stdio.h>

#include "base/fd.h"
#include "base/proc.h"
#include "base/ptr.h"
#include "shim/cgroup_oom.h"
#include "shim/cmd.h"
#include "shim/duration.h"
#include "shim/options.h"
#include "shim/state.h"

/*
 * Theory of operation. One line of JSON for each event, in runc's words: "stats" once (--stats) or
 * at each interval, "oom" when the kernel has killed in the container's group. It ends with the
 * container.
 */
struct watch {
	const char *id;
	struct cgroup *cg;
	struct cgroup_oom oom;
	int init_pidfd;
	int64_t interval_ms;
};

/* Whoever reads it reads lines, so none may wait in a buffer. */
static int print_event(const char *type, const char *id, const char *data, struct err *e)
{
	printf("{\"type\":\"%s\",\"id\":\"%s\"%s%s}\n", type, id, data ? ",\"data\":" : "",
		data ? data : "");
	return fflush(stdout) == 0 ? 0 : err_set(e, errno, "write an event");
}

static int print_stats(const struct watch *w, struct err *e)
{
	cleanup_free char *data = NULL;
	int r = cgroup_stats(w->cg, &data, e);

	return r < 0 ? r : print_event("stats", w->id, data, e);
}

/* One for all that have come at once: v1 counts each attempt at the same kill. */
static int print_ooms(struct watch *w, struct err *e)
{
	return cgroup_oom_take(&w->oom) ? print_event("oom", w->id, NULL, e) : 0;
}

/* Waits at most until `deadline`. 1: the container has ended. */
static int wait_for_event(struct watch *w, int64_t deadline, struct err *e)
{
	struct pollfd p[] = {
		{.fd = w->init_pidfd, .events = POLLIN},
		{.fd = w->oom.fd, .events = POLLIN},
	};
	int64_t left = deadline - proc_now_ms();
	int r;

	if (poll(p, ARRAY_LEN(p),
		    left < 0	       ? 0
		    : left > INT32_MAX ? INT32_MAX
				       : (int)left) < 0 &&
		errno != EINTR)
		return err_set(e, errno, "poll");
	/* Its own end may have been one of them. */
	r = p[0].revents || p[1].revents ? print_ooms(w, e) : 0;
	return r < 0 ? r : p[0].revents != 0;
}

static int follow(struct watch *w, struct err *e)
{
	int64_t due = proc_now_ms() + w->interval_ms;
	int r = 0;

	while (r == 0) {
		r = wait_for_event(w, due, e);
		if (r != 0 || proc_now_ms() < due)
			continue;
		r = print_stats(w, e);
		due += w->interval_ms;
		/* The group goes with the container's end, which may be just now. */
		if (r == -ENOENT || r == -ENODEV)
			return 0;
	}
	return r < 0 ? r : 0;
}

static int events(const struct globals *g, const char *id, bool stats_only, int64_t interval_ms,
	struct err *e)
{
	cleanup_state struct state *s = NULL;
	cleanup_cgroup struct cgroup *cg = NULL;
	cleanup_fd int pidfd = -1;
	struct watch w = {.id = id, .oom = CGROUP_OOM_NONE, .interval_ms = interval_ms};
	int r = state_load(g->root, id, &s, e);

	if (r < 0)
		return r;
	w.init_pidfd = pidfd = state_init_pidfd(s);
	if (pidfd < 0)
		return err_say(e, ESRCH, "container with id %s is not running", id);
	r = state_cgroup(s, &cg, e);
	w.cg = cg;
	if (r == 0 && stats_only)
		return print_stats(&w, e);
	if (r == 0)
		r = cgroup_oom_watch(cg, &w.oom, e);
	if (r == 0)
		r = follow(&w, e);
	cgroup_oom_done(&w.oom);
	return r;
}

static int run(const struct globals *g, int argc, char **argv, struct err *e)
{
	const char *interval = "5s";
	bool stats_only = false;
	const struct option_def defs[] = {
		{"interval", 0, OPTION_STRING, &interval, "TIME", "time between statistics (5s)"},
		{"stats", 0, OPTION_SWITCH, &stats_only, NULL, "print the statistics once"},
	};
	struct options o = {.program = "bottle-shim events",
		.usage = cmd_events.usage,
		.help = cmd_events.help,
		.defs = defs,
		.n_defs = ARRAY_LEN(defs)};
	int64_t interval_ms = 0;
	int n = options_parse(&o, argc, argv, e), r;

	if (n < 0 || n == OPTIONS_HELP)
		return n;
	r = options_need(&o, n, 1, 1, e);
	if (r == 0 && duration_parse_ms(interval, &interval_ms) < 0)
		r = err_say(e, EINVAL,
			"invalid value '%s' for --interval: a time like 5s, 100ms or 1m30s",
			interval);
	if (r == 0 && interval_ms <= 0)
		r = err_say(
			e, EINVAL, "duration interval must be greater than 0, not '%s'", interval);
	return r < 0 ? r : events(g, argv[1], stats_only, interval_ms, e);
}

const struct command cmd_events = {
	.name = "events",
	.usage = "[options] ID",
	.help = "Print what a container uses, and when it runs out of memory.",
	.run = run,
};
