#include <errno.h>
#include <stdio.h>

#include "base/log.h"
#include "base/ptr.h"
#include "shim/cmd.h"
#include "shim/options.h"
#include "shim/sidecar.h"
#include "shim/state.h"

/* Tells of a bottle without a monitor: it has no network any more and waits for its delete. */
static void note_sidecar(const struct state *s, json_t *j)
{
	json_t *annotations = json_object_get(j, "annotations");
	struct sidecar *sidecar = NULL;
	struct err e;

	if (!s->in_bottle)
		return;
	if (sidecar_connect(s->dir, &sidecar, &e) == 0) {
		sidecar_free(sidecar);
		return;
	}
	log_warning("container '%s': its sidecar's monitor has ended; it has no network", s->id);
	if (!annotations) {
		annotations = json_object();
		json_object_set_new(j, "annotations", annotations);
	}
	json_object_set_new(annotations, "dev.bottle.sidecar", json_string("gone"));
}

static int run(const struct globals *g, int argc, char **argv, struct err *e)
{
	const struct options options = {
		.program = "bottle-shim state", .usage = cmd_state.usage, .help = cmd_state.help};
	cleanup_state struct state *s = NULL;
	cleanup_json json_t *j = NULL;
	int r = options_parse(&options, argc, argv, e);

	if (r >= 0)
		r = options_need(&options, r, 1, 1, e);
	if (r == 0)
		r = state_load(g->root, argv[1], &s, e);
	if (r < 0)
		return r;
	j = state_to_json(s, state_status(s));
	if (!j)
		return err_set(e, ENOMEM, "state of '%s'", argv[1]);
	note_sidecar(s, j);
	if (json_dumpf(j, stdout, JSON_INDENT(2)) < 0 || printf("\n") < 0 || fflush(stdout) != 0)
		return err_set(e, EIO, "write the state");
	return 0;
}

const struct command cmd_state = {
	.name = "state",
	.usage = "ID",
	.help = "Print the state of a container as JSON.",
	.run = run,
};
