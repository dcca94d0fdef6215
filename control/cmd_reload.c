#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/json.h"
#include "base/ptr.h"
#include "base/str.h"
#include "bundle/plan.h"
#include "control/command.h"
#include "control/home.h"
#include "control/options.h"
#include "control/runtime.h"

#define METADATA_MAX 65536

static const char help[] =
	"usage: bottle reload [--home DIR] SLUG\n"
	"\n"
	"Reads the manifests of a running bottle again and puts their egress routes, limits, "
	"proxy\n"
	"and log level in force for requests that begin from now on. They are checked as a whole\n"
	"first: whatever is wrong, nothing changes, and the exit status is not 0. Repositories "
	"and\n"
	"the agent's environment stay as they were created.\n"
	"\n"
	"  --home DIR  the operator's directory\n"
	"              (default: $BOTTLE_HOME, ~/.bot-bottle or " HOME_OF_ENGINE ")\n";

static int check_slug(char *const *rest, struct err *e)
{
	if (!rest[0])
		return err_say(e, EINVAL, "which bottle? see `bottle reload --help`");
	if (!*rest[0] || *rest[0] == '.' || strchr(rest[0], '/'))
		return err_say(e, EINVAL, "'%s' is no bottle's name", rest[0]);
	return 0;
}

/* Where the runtime keeps the bottle, as its monitor wrote it down. Caller frees. */
static int find_state(const char *home, const char *slug, char **ret, struct err *e)
{
	cleanup_free char *state = plan_state_home(home), *path = NULL, *text = NULL;
	cleanup_json json_t *j = NULL;
	struct json_at root;
	size_t len;
	int r;

	path = state ? str_format("%s/%s/metadata.json", state, slug) : NULL;
	if (!path)
		return err_set(e, ENOMEM, "look for the bottle '%s'", slug);
	if (access(path, F_OK) < 0)
		return err_say(
			e, ENOENT, "there is no bottle '%s': '%s' does not exist", slug, path);
	r = fd_read_file(AT_FDCWD, path, METADATA_MAX, &text, &len, e);
	if (r >= 0)
		r = json_parse(text, len, path, &j, e);
	if (r < 0)
		return r;
	root = json_root(j, path);
	r = json_need_str(&root, "state_dir", ret, e);
	if (r >= 0 && access(*ret, F_OK) < 0 && errno == ENOENT)
		return err_say(e, ENOENT,
			"the bottle '%s' has ended; `bottle logs --list` tells which have not",
			slug);
	return r;
}

/* Does not return on success. */
static int execute(char *state_dir, struct err *e)
{
	cleanup_free char *runtime = runtime_find();
	char *slash = strrchr(state_dir, '/');
	char *argv[] = {runtime, (char *)"--root", state_dir, (char *)"reload", NULL, NULL};

	if (!runtime)
		return err_set(e, ENOMEM, "find bottle-shim");
	if (!slash)
		return err_say(e, EINVAL, "'%s' is no directory of a bottle's", state_dir);
	*slash = '\0';
	argv[4] = slash + 1;
	execv(runtime, argv);
	return err_set(e, errno, "execute '%s'", runtime);
}

static int run(char **argv, struct err *e)
{
	static const struct option table[] = {OPTIONS_COMMON};
	const struct options options = {
		.command = "reload", .help = help, .letters = "h", .table = table};
	cleanup_free char *home = NULL, *state_dir = NULL;
	const char *given;
	char **rest;
	int r = options_read(&options, argv, &given, &rest, e);

	if (r <= 0)
		return r;
	r = options_at_most(&options, rest, 1, e);
	if (r == 0)
		r = check_slug(rest, e);
	if (r == 0)
		r = home_find(given, &home, e);
	if (r == 0)
		r = find_state(home, rest[0], &state_dir, e);
	return r < 0 ? r : execute(state_dir, e);
}

const struct command cmd_reload = {
	.name = "reload",
	.help = "put the present manifests of a running bottle in force",
	.run = run,
};
