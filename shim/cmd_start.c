#include <errno.h>

#include "base/log.h"
#include "base/ptr.h"
#include "shim/cmd.h"
#include "shim/container.h"
#include "shim/options.h"

#define LOCK_TIMEOUT_MS 10000

static int destroy(const struct globals *g, const char *id)
{
	struct err e;

	if (container_delete(g, id, true, &e) < 0)
		log_warning("container '%s' is stopped, and still there: %s", id, e.msg);
	return -ECANCELED;
}

static int run(const struct globals *g, int argc, char **argv, struct err *e)
{
	const struct options options = {
		.program = "bottle-shim start", .usage = cmd_start.usage, .help = cmd_start.help};
	cleanup_state struct state *s = NULL;
	int r = options_parse(&options, argc, argv, e);

	if (r >= 0)
		r = options_need(&options, r, 1, 1, e);
	if (r == 0)
		r = state_load_made(g->root, argv[1], LOCK_TIMEOUT_MS, &s, e);
	if (r == 0)
		r = state_lock(s, LOCK_TIMEOUT_MS, e);
	if (r == 0)
		r = container_start(s, e);
	if (r != -ECANCELED)
		return r;
	/* Its lock is delete's. */
	state_unlock(s);
	return destroy(g, argv[1]);
}

const struct command cmd_start = {
	.name = "start",
	.usage = "ID",
	.help = "Execute the user's process in a created container.",
	.run = run,
};
