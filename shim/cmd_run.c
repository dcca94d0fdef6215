#include "base/fd.h"
#include "base/ptr.h"
#include "shim/cmd.h"
#include "shim/console.h"
#include "shim/container.h"
#include "shim/container_options.h"
#include "shim/foreground.h"
#include "shim/options.h"
#include "shim/scm.h"

struct run_options {
	struct container_options container;
	bool detach, keep;
};

static int wait_for_end(struct container *c, int *ret_status, struct err *e)
{
	cleanup_fd int master = -1;

	if (c->console < 0)
		return foreground_wait(&c->init, ret_status, e);
	master = scm_receive(c->console, e);
	return master < 0 ? master : console_relay(master, &c->init, ret_status, e);
}

static int run_made(struct container *c, const struct run_options *o, struct err *e)
{
	int status = 0;
	int r = container_start_made(c, e);

	if (r < 0) {
		container_undo(c);
		return r;
	}
	if (o->detach)
		return 0;
	/* It runs: others may pause, update and delete it now. */
	state_unlock(c->state);
	r = wait_for_end(c, &status, e);
	if (r < 0)
		return r;
	return foreground_status(status);
}

static int run_container(
	const struct globals *g, const struct run_options *o, const char *id, struct err *e)
{
	struct container c;
	struct err deletion;
	int r = container_create(g, &o->container, id, &c, e);

	if (r < 0)
		return container_create_failed(e);
	r = run_made(&c, o, e);
	/* Where it was not started, all has been undone. */
	if (c.state && !o->detach && !o->keep && container_delete_made(&c, &deletion) < 0 &&
		r >= 0) {
		*e = deletion;
		r = -e->code;
	}
	container_done(&c);
	return r;
}

static int run(const struct globals *g, int argc, char **argv, struct err *e)
{
	struct run_options o = {0};
	bool no_subreaper = false;
	const struct option_def defs[] = {
		CONTAINER_OPTIONS(&o.container),
		{"detach", 'd', OPTION_SWITCH, &o.detach, NULL, "do not wait for its end"},
		{"keep", 0, OPTION_SWITCH, &o.keep, NULL, "do not delete it at its end"},
		{"no-subreaper", 0, OPTION_SWITCH, &no_subreaper, NULL, "accepted and unused"},
	};
	const struct options options = {
		.program = "bottle-shim run",
		.usage = cmd_run.usage,
		.help = cmd_run.help,
		.defs = defs,
		.n_defs = ARRAY_LEN(defs),
	};
	int r = options_parse(&options, argc, argv, e);

	if (r >= 0)
		r = options_need(&options, r, 1, 1, e);
	if (r < 0)
		return r;
	container_options_complete(&o.container);
	o.container.foreground = !o.detach;
	o.container.start_at_once = true;
	return run_container(g, &o, argv[1], e);
}

const struct command cmd_run = {
	.name = "run",
	.usage = "[options] ID",
	.help = "Create a container, start it, wait for its end and delete it.",
	.run = run,
	.enters_container = true,
};
