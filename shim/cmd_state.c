#include <errno.h>
#include <stdio.h>

#include "base/log.h"
#include "base/proc.h"
#include "base/ptr.h"
#include "base/str.h"
#include "shim/cmd.h"
#include "shim/keys_retry.h"
#include "shim/options.h"
#include "shim/sidecar.h"
#include "shim/state.h"

/* A create takes some tens of milliseconds, but a hook of it may ask, too, and it waits for that.
 */
#define CREATE_WAIT_MS 200

/* NULL: it is well, as far as can be told without waiting for its answer. */
static const char *what_ails(const struct state *s)
{
	struct sidecar *sidecar = NULL;
	unsigned long long ticks;
	char letter = 0;
	struct err e;
	int r = sidecar_connect(s->dir, &sidecar, &e);

	if (r == -ETIMEDOUT)
		return "stopped";
	if (r == 0)
		r = proc_start_time(sidecar_monitor_pid(sidecar), &ticks, &letter, &e);
	sidecar_free(sidecar);
	return r < 0 ? "gone" : letter == 'T' ? "stopped" : NULL;
}

/*
 * Tells of a bottle whose monitor is no more: it has no network and waits for its delete. And of
 * one whose monitor was stopped: what goes on works, but nothing is begun, brought back or ended.
 */
static void note_sidecar(const struct state *s, json_t *j)
{
	json_t *annotations = json_object_get(j, "annotations");
	const char *what = s->in_bottle ? what_ails(s) : NULL;

	if (!what)
		return;
	if (str_eq(what, "gone"))
		log_warning("container '%s': its sidecar's monitor has ended; it has no network",
			s->id);
	else
		log_warning("container '%s': its sidecar's monitor is stopped; continue it (kill "
			    "-CONT), or delete the container",
			s->id);
	if (!annotations) {
		annotations = json_object();
		json_object_set_new(j, "annotations", annotations);
	}
	json_object_set_new(annotations, "dev.bottle.sidecar", json_string(what));
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
		r = state_load_made(g->root, argv[1], CREATE_WAIT_MS, &s, e);
	if (r < 0)
		return r;
	j = state_to_json(s, state_status(s));
	if (!j)
		return err_set(e, ENOMEM, "state of '%s'", argv[1]);
	note_sidecar(s, j);
	keys_retry(g);
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
