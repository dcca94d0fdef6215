#include <errno.h>

#include "base/ptr.h"
#include "shim/cmd.h"
#include "shim/options.h"
#include "shim/state.h"

#define LOCK_MS 10000

static int parse(const struct command *c, int argc, char **argv, struct err *e)
{
	struct options o = {
		.program = c == &cmd_pause ? "bottle-shim pause" : "bottle-shim resume",
		.usage = c->usage,
		.help = c->help,
	};
	int n = options_parse(&o, argc, argv, e);

	return n < 0 ? n : options_need(&o, n, 1, 1, e);
}

/* Only what runs has anything to freeze; a second pause is an error, as in runc. */
static int check(enum state_status status, bool on, struct err *e)
{
	if (on && status != STATE_RUNNING && status != STATE_CREATED)
		return err_say(e, EINVAL, "container not running or created: %s",
			state_status_name(status));
	if (!on && status != STATE_PAUSED)
		return err_say(e, EINVAL, "container not paused");
	return 0;
}

/* The agent's processes only: a bottle's sidecar goes on. */
static int set_frozen(const struct globals *g, const char *id, bool on, struct err *e)
{
	cleanup_state struct state *s = NULL;
	cleanup_cgroup struct cgroup *cg = NULL;
	int r = state_load(g->root, id, &s, e);

	if (r == 0)
		r = state_lock(s, LOCK_MS, e);
	if (r == 0)
		r = check(state_status(s), on, e);
	if (r == 0)
		r = state_cgroup(s, &cg, e);
	return r < 0 ? r : cgroup_freeze(cg, on, e);
}

static int run_pause(const struct globals *g, int argc, char **argv, struct err *e)
{
	int r = parse(&cmd_pause, argc, argv, e);

	return r < 0 || r == OPTIONS_HELP ? r : set_frozen(g, argv[1], true, e);
}

static int run_resume(const struct globals *g, int argc, char **argv, struct err *e)
{
	int r = parse(&cmd_resume, argc, argv, e);

	return r < 0 || r == OPTIONS_HELP ? r : set_frozen(g, argv[1], false, e);
}

const struct command cmd_pause = {
	.name = "pause",
	.usage = "ID",
	.help = "Freeze all processes of a container.",
	.run = run_pause,
};

const struct command cmd_resume = {
	.name = "resume",
	.usage = "ID",
	.help = "Let the processes of a paused container go on.",
	.run = run_resume,
};
