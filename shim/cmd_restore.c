#include "base/ptr.h"
#include "shim/checkpoint.h"
#include "shim/cmd.h"
#include "shim/container.h"
#include "shim/container_options.h"
#include "shim/options.h"

static int restore(
	const struct globals *g, struct restore_options *o, const char *id, struct err *e)
{
	struct container c;
	int r = checkpoint_restore(g, o, id, &c, e);

	if (r < 0)
		return r;
	r = o->detach ? 0 : container_wait(&c, e);
	if (!o->detach)
		r = container_delete_after(&c, r, e);
	container_done(&c);
	return r;
}

static int run(const struct globals *g, int argc, char **argv, struct err *e)
{
	struct restore_options o = {.checkpoint = CHECKPOINT_DEFAULTS};
	bool no_subreaper = false;
	const struct option_def defs[] = {
		CONTAINER_OPTIONS(&o.container),
		CHECKPOINT_OPTIONS(&o.checkpoint),
		CHECKPOINT_RESTORE_OPTIONS(&o.checkpoint),
		{"detach", 'd', OPTION_SWITCH, &o.detach, NULL, "do not wait for its end"},
		{"no-subreaper", 0, OPTION_SWITCH, &no_subreaper, NULL, "accepted and unused"},
	};
	const struct options options = {
		.program = "bottle-shim restore",
		.usage = cmd_restore.usage,
		.help = cmd_restore.help,
		.defs = defs,
		.n_defs = ARRAY_LEN(defs),
	};
	int r = options_parse(&options, argc, argv, e);

	if (r >= 0)
		r = options_need(&options, r, 1, 1, e);
	if (r == 0) {
		o.container.foreground = !o.detach;
		r = restore(g, &o, argv[1], e);
	}
	checkpoint_options_done(&o.checkpoint);
	return r;
}

const struct command cmd_restore = {
	.name = "restore",
	.usage = "[options] ID",
	.help = "Make a container again from the files of a checkpoint, with criu.",
	.run = run,
	.enters_container = true,
};
