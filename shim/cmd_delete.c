#include "base/ptr.h"
#include "base/str.h"
#include "shim/cmd.h"
#include "shim/container.h"
#include "shim/keys_retry.h"
#include "shim/options.h"
#include "shim/state_match.h"

static int run(const struct globals *g, int argc, char **argv, struct err *e)
{
	bool force = false, regex = false;
	const struct option_def defs[] = {
		{"force", 'f', OPTION_SWITCH, &force, NULL,
			"a running one, too; a missing one is "
			"no error"},
		{"regex", 'r', OPTION_SWITCH, &regex, NULL, "all whose id matches ID"},
	};
	const struct options options = {
		.program = "bottle-shim delete",
		.usage = cmd_delete.usage,
		.help = cmd_delete.help,
		.defs = defs,
		.n_defs = ARRAY_LEN(defs),
	};
	cleanup_strv char **ids = NULL;
	struct err one;
	int r = options_parse(&options, argc, argv, e);

	if (r >= 0)
		r = options_need(&options, r, 1, 1, e);
	if (r == 0)
		r = state_match(g->root, argv[1], regex, &ids, e);
	/* One that cannot be deleted does not keep the others. */
	for (size_t i = 0; ids && ids[i]; i++)
		if (container_delete(g, ids[i], force, &one) < 0 && r == 0) {
			*e = one;
			r = -e->code;
		}
	keys_retry(g);
	return r;
}

const struct command cmd_delete = {
	.name = "delete",
	.usage = "[options] ID",
	.help = "Remove a container and all that belongs to it.",
	.run = run,
};
