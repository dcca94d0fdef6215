#include "base/ptr.h"
#include "shim/cmd.h"
#include "shim/container.h"
#include "shim/container_options.h"
#include "shim/options.h"

struct run_options {
	struct container_options container;
	bool detach, keep;
};

static int run_made(struct container *c, const struct run_options *o, struct err *e)
{
	int r = container_start_made(c, e);

	if (r < 0) {
		container_undo(c);
		return r;
	}
	return o->detach ? 0 : container_wait(c, e);
}

static int run_container(
	const struct globals *g, const struct run_options *o, const char *id, struct err *e)
{
	struct container c;
	int r = container_create(g, &o->container, id, &c, e);

	if (r < 0)
		return container_create_failed(e);
	r = run_made(&c, o, e);
	/* Where it was not started, all has been undone. */
	if (c.state && !o->detach && !o->keep)
		r = container_delete_after(&c, r, e);
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
