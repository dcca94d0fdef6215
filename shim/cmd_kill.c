#include <errno.h>
#include <sched.h>
#include <signal.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/proc.h"
#include "base/ptr.h"
#include "base/str.h"
#include "shim/cmd.h"
#include "shim/options.h"
#include "shim/pidns.h"
#include "shim/signal_name.h"
#include "shim/state_match.h"

static int kill_all(const struct state *s, int sig, struct err *e)
{
	cleanup_cgroup struct cgroup *cg = NULL;
	int r = state_cgroup(s, &cg, e);

	if (r < 0)
		return r;
	return cgroup_is_none(cg) ? pidns_signal_all(s, sig, e) : cgroup_signal_all(cg, sig, e);
}

static int kill_init(const struct state *s, int sig, struct err *e)
{
	cleanup_fd int pidfd = state_init_pidfd(s);
	int r;

	if (pidfd < 0)
		return err_say(e, ESRCH, "container not running");
	r = proc_pidfd_signal(pidfd, sig);
	if (r == -ESRCH)
		return err_say(e, ESRCH, "container not running");
	return r < 0 ? err_set(e, -r, "signal the container's init") : 0;
}

/* What the v1 freezer holds takes no signal: a paused container's end is its thaw, too. */
static void thaw(const struct state *s)
{
	cleanup_cgroup struct cgroup *cg = NULL;
	struct err e;

	if (state_cgroup(s, &cg, &e) < 0)
		log_warning("%s: not thawed: %s", s->id, e.msg);
	else if (!cgroup_is_none(cg))
		cgroup_thaw(cg);
}

static int kill_one(
	const struct globals *g, const char *id, const char *signal, bool all, struct err *e)
{
	cleanup_state struct state *s = NULL;
	int r = state_load(g->root, id, &s, e), sig;
	bool shared_pids;

	if (r < 0)
		return r;
	sig = signal_number(signal && *signal ? signal : "TERM", e);
	if (sig < 0)
		return sig;
	/* Without a pid namespace of its own the end of init does not end the others. */
	shared_pids = !(s->namespaces & CLONE_NEWPID);
	r = all || (shared_pids && sig == SIGKILL) ? kill_all(s, sig, e) : kill_init(s, sig, e);
	if (r == 0 && sig == SIGKILL)
		thaw(s);
	return r;
}

static int run(const struct globals *g, int argc, char **argv, struct err *e)
{
	bool all = false, regex = false;
	const struct option_def defs[] = {
		{"all", 'a', OPTION_SWITCH, &all, NULL, "all processes, not only init"},
		{"regex", 'r', OPTION_SWITCH, &regex, NULL, "all containers whose id matches ID"},
	};
	const struct options options = {
		.program = "bottle-shim kill",
		.usage = cmd_kill.usage,
		.help = cmd_kill.help,
		.defs = defs,
		.n_defs = ARRAY_LEN(defs),
	};
	cleanup_strv char **ids = NULL;
	struct err one;
	int n = options_parse(&options, argc, argv, e), r = n;

	if (r >= 0)
		r = options_need(&options, r, 1, 2, e);
	if (r == 0)
		r = state_match(g->root, argv[1], regex, &ids, e);
	/* One that cannot be signalled does not keep the others. */
	for (size_t i = 0; ids && ids[i]; i++)
		if (kill_one(g, ids[i], n > 1 ? argv[2] : NULL, all, &one) < 0 && r == 0) {
			*e = one;
			r = -e->code;
		}
	return r;
}

const struct command cmd_kill = {
	.name = "kill",
	.usage = "[options] ID [SIGNAL]",
	.help = "Send a signal (default: TERM) to a container's init, or to all its processes.",
	.run = run,
};
