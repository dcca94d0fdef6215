#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/json.h"
#include "base/log.h"
#include "base/path.h"
#include "base/ptr.h"
#include "base/str.h"
#include "shim/cmd.h"
#include "shim/options.h"
#include "shim/state.h"
#include "shim/update_document.h"

#define RESOURCES_MAX (1U << 20)
#define LOCK_MS	      10000
#define OPTIONS_MAX   32

/* With a file all other options are ignored, as in runc. */
static int read_document(const char *file, const char *const values[], json_t **ret, struct err *e)
{
	cleanup_free char *text = NULL;
	struct json_at at;
	size_t len = 0;
	int r;

	if (!file)
		return update_from_options(values, ret, e);
	if (strcmp(file, "-") == 0)
		r = fd_read_all(STDIN_FILENO, "standard input", RESOURCES_MAX, &text, &len, e);
	else
		r = fd_read_file(AT_FDCWD, file, RESOURCES_MAX, &text, &len, e);
	if (r == 0)
		r = json_parse(text, len, "resources", ret, e);
	if (r < 0)
		return r;
	at = json_root(*ret, "resources");
	return json_is_object(*ret) ? 0 : json_err(&at, EINVAL, e, "expected an object");
}

/* Parsed, the resources of a document; NULL: none. Caller frees. */
static int parse(const json_t *doc, struct oci_resources **ret, struct err *e)
{
	cleanup_free char *text = json_dumps(doc, JSON_COMPACT);

	if (doc && !text)
		return err_set(e, ENOMEM, "update");
	return oci_resources_parse(doc ? text : "{}", doc ? strlen(text) : 2, "resources", ret, e);
}

static json_t *resources_of(const json_t *config)
{
	return json_object_get(json_object_get(config, "linux"), "resources");
}

/*
 * `wanted` are the members of the document, `merged` those of the whole configuration after it,
 * `before` those that it had: for the way back.
 */
struct change {
	struct oci_resources *wanted, *merged, *before;
};

static void change_done(struct change *c)
{
	oci_resources_free(c->wanted);
	oci_resources_free(c->merged);
	oci_resources_free(c->before);
}

static int change_apply(struct cgroup *cg, const struct change *c, struct err *e)
{
	struct err second;
	int r = cgroup_update(cg, c->wanted, c->merged, e);

	if (r == 0 || cgroup_revert(cg, c->wanted, c->before, &second) == 0)
		return r;
	log_warning("the limits from before could not all be set again: %s", second.msg);
	return r;
}

/* Later updates, and whoever asks for the configuration, see what is in force. */
static int save_config(const struct state *s, const json_t *config, struct err *e)
{
	cleanup_free char *text = json_dumps(config, JSON_COMPACT);

	if (!text)
		return err_set(e, ENOMEM, "update");
	return path_write_file(s->dirfd, STATE_CONFIG, text, strlen(text), 0600, e);
}

static int update_locked(const struct state *s, json_t *doc, struct err *e)
{
	cleanup_cgroup struct cgroup *cg = NULL;
	cleanup_json json_t *config = NULL;
	struct change c = {0};
	int r = state_cgroup(s, &cg, e);

	if (r == 0)
		r = state_config_json(s, &config, e);
	if (r == 0)
		r = parse(resources_of(config), &c.before, e);
	if (r == 0)
		r = parse(doc, &c.wanted, e);
	if (r == 0)
		r = update_merge(config, doc, e);
	if (r == 0)
		r = parse(resources_of(config), &c.merged, e);
	if (r == 0)
		r = change_apply(cg, &c, e);
	if (r == 0)
		r = save_config(s, config, e);
	change_done(&c);
	return r;
}

/* Cache and memory bandwidth: lines for the class that create has put the container into. */
struct schemata {
	const char *l3, *bandwidth; /* NULL: unchanged */
};

static int set_schema(const struct state *s, const char *line, const char *what, struct err *e)
{
	cleanup_free char *file = NULL, *text = NULL;

	if (!line)
		return 0;
	if (!s->rdt.groups || !s->rdt.groups[0])
		return err_say(e, ENOTSUP,
			"Intel RDT: %s is not enabled: container '%s' was made without "
			"linux.intelRdt",
			what, s->id);
	file = str_format("%s/schemata", s->rdt.groups[0]);
	text = str_format("%s\n", line);
	if (!file || !text)
		return err_set(e, ENOMEM, "update");
	return fd_write_file(AT_FDCWD, file, text, e);
}

static int update(const struct globals *g, const char *id, json_t *doc, const struct schemata *sch,
	struct err *e)
{
	cleanup_state struct state *s = NULL;
	int r = state_load(g->root, id, &s, e);

	if (r == 0)
		r = state_lock(s, LOCK_MS, e);
	if (r == 0 && state_status(s) == STATE_STOPPED)
		r = err_say(e, ESRCH, "container not running");
	if (r == 0)
		r = set_schema(s, sch->l3, "l3 cache schema", e);
	if (r == 0)
		r = set_schema(s, sch->bandwidth, "memory bandwidth schema", e);
	return r < 0 ? r : update_locked(s, doc, e);
}

static int run(const struct globals *g, int argc, char **argv, struct err *e)
{
	const char *file = NULL, *values[OPTIONS_MAX] = {NULL};
	struct schemata sch = {NULL, NULL};
	struct option_def defs[OPTIONS_MAX + 3] = {
		{"resources", 'r', OPTION_STRING, &file, "FILE",
			"resources as JSON; '-': standard input"},
		{"l3-cache-schema", 0, OPTION_STRING, &sch.l3, "LINE",
			"resctrl: share of the L3 cache"},
		{"mem-bw-schema", 0, OPTION_STRING, &sch.bandwidth, "LINE",
			"resctrl: share of the memory bandwidth"},
	};
	struct options o = {.program = "bottle-shim update",
		.usage = cmd_update.usage,
		.help = cmd_update.help,
		.defs = defs,
		.n_defs = update_n_options + 3};
	cleanup_json json_t *doc = NULL;
	int n, r;

	for (size_t i = 0; i < update_n_options; i++)
		defs[i + 3] = (struct option_def){update_options[i].name, 0, OPTION_STRING,
			&values[i], "VALUE", update_options[i].help};
	n = options_parse(&o, argc, argv, e);
	if (n < 0 || n == OPTIONS_HELP)
		return n;
	r = options_need(&o, n, 1, 1, e);
	if (r == 0)
		r = read_document(file, values, &doc, e);
	if (r < 0)
		return r;
	update_settle(doc);
	return update(g, argv[1], doc, &sch, e);
}

const struct command cmd_update = {
	.name = "update",
	.usage = "[options] ID",
	.help = "Change the limits of a container.",
	.run = run,
};
