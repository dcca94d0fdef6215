#include "base/ptr.h"
#include "shim/checkpoint.h"
#include "shim/cmd.h"
#include "shim/options.h"

static int run(const struct globals *g, int argc, char **argv, struct err *e)
{
	struct checkpoint_options o = CHECKPOINT_DEFAULTS;
	const struct option_def defs[] = {CHECKPOINT_OPTIONS(&o), CHECKPOINT_DUMP_OPTIONS(&o)};
	const struct options options = {
		.program = "bottle-shim checkpoint",
		.usage = cmd_checkpoint.usage,
		.help = cmd_checkpoint.help,
		.defs = defs,
		.n_defs = ARRAY_LEN(defs),
	};
	int r = options_parse(&options, argc, argv, e);

	if (r >= 0)
		r = options_need(&options, r, 1, 1, e);
	if (r == 0)
		r = checkpoint_container(g, &o, argv[1], e);
	checkpoint_options_done(&o);
	return r;
}

const struct command cmd_checkpoint = {
	.name = "checkpoint",
	.usage = "[options] ID",
	.help = "Write a running container to files, with criu.",
	.run = run,
};
