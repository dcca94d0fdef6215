#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/ptr.h"
#include "shim/cmd.h"
#include "shim/options.h"
#include "shim/reload.h"
#include "shim/state.h"

/* `reload`: the bottle's manifests, read again while it lives. */

static int reload(const struct globals *g, const char *id, struct err *e)
{
	cleanup_state struct state *s = NULL;
	cleanup_str struct str problems = {0};
	int r = state_load(g->root, id, &s, e);

	if (r < 0)
		return r;
	if (!s->in_bottle)
		return err_say(e, EINVAL, "container '%s' is in no bottle: there is no policy", id);
	/* As at create: the operator's own environment, never an engine's. */
	r = reload_run(s->dir, !g->log, &problems, e);
	if (r < 0 && problems.len > 0)
		fputs(problems.s, stderr);
	return r;
}

static int run_reload(const struct globals *g, int argc, char **argv, struct err *e)
{
	const struct options options = {.program = "bottle-shim reload",
		.usage = cmd_reload.usage,
		.help = cmd_reload.help};
	int n = options_parse(&options, argc, argv, e);

	if (n >= 0)
		n = options_need(&options, n, 1, 1, e);
	return n < 0 || n == OPTIONS_HELP ? n : reload(g, argv[1], e);
}

const struct command cmd_reload = {
	.name = "reload",
	.usage = "ID",
	.help = "Read the manifests of a running bottle again, for its egress routes.",
	.run = run_reload,
};
