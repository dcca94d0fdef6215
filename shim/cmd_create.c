#include "base/ptr.h"
#include "shim/cmd.h"
#include "shim/container.h"
#include "shim/container_options.h"
#include "shim/options.h"

static int run(const struct globals *g, int argc, char **argv, struct err *e)
{
	struct container_options o = {0};
	const struct option_def defs[] = {CONTAINER_OPTIONS(&o)};
	const struct options options = {
		.program = "bottle-shim create",
		.usage = cmd_create.usage,
		.help = cmd_create.help,
		.defs = defs,
		.n_defs = ARRAY_LEN(defs),
	};
	struct container c;
	int r = options_parse(&options, argc, argv, e);

	if (r >= 0)
		r = options_need(&options, r, 1, 1, e);
	if (r < 0)
		return r;
	container_options_complete(&o);
	r = container_create(g, &o, argv[1], &c, e);
	if (r < 0)
		return container_create_failed(e);
	container_done(&c);
	return 0;
}

const struct command cmd_create = {
	.name = "create",
	.usage = "[options] ID",
	.help = "Make a container; its process is not started yet.",
	.run = run,
	.enters_container = true,
};
