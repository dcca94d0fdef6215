#include "base/ptr.h"
#include "shim/cmd.h"
#include "shim/container.h"
#include "shim/options.h"

static int run(const struct globals *g, int argc, char **argv, struct err *e)
{
	bool force = false;
	const struct option_def defs[] = {
		{"force", 'f', OPTION_SWITCH, &force, NULL,
			"a running one, too; a missing one is "
			"no error"},
	};
	const struct options options = {
		.program = "bottle-shim delete",
		.usage = cmd_delete.usage,
		.help = cmd_delete.help,
		.defs = defs,
		.n_defs = ARRAY_LEN(defs),
	};
	int r = options_parse(&options, argc, argv, e);

	if (r >= 0)
		r = options_need(&options, r, 1, 1, e);
	return r < 0 ? r : container_delete(g, argv[1], force, e);
}

const struct command cmd_delete = {
	.name = "delete",
	.usage = "[--force] ID",
	.help = "Remove a container and all that belongs to it.",
	.run = run,
};
