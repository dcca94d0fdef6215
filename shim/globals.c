#include "shim/globals.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/path.h"
#include "base/ptr.h"
#include "base/str.h"
#include "shim/globals_file.h"
#include "shim/userns.h"

/* What options_parse fills, before it is checked and turned into struct globals. */
struct raw {
	const char *root, *log, *log_format, *cgroup_manager, *rootless, *criu;
	bool debug, systemd_cgroup, version;
	const char *home, *agent, *default_bottle, *egress;
	char **bottles, **selectable;
	bool select_from_env, require_bottle;
};

#define RAW_OPTIONS(raw)                                                                           \
	{                                                                                          \
		{"root", 0, OPTION_STRING, &(raw)->root, "DIR", "where state is kept"},            \
			{"log", 0, OPTION_STRING, &(raw)->log, "FILE",                             \
				"append log lines to FILE"},                                       \
			{"log-format", 0, OPTION_STRING, &(raw)->log_format, "text|json",          \
				"format of the log file"},                                         \
			{"debug", 0, OPTION_SWITCH, &(raw)->debug, NULL, "log each step"},         \
			{"systemd-cgroup", 0, OPTION_SWITCH, &(raw)->systemd_cgroup, NULL,         \
				"let systemd make cgroups"},                                       \
			{"cgroup-manager", 0, OPTION_STRING, &(raw)->cgroup_manager,               \
				"cgroupfs|systemd|disabled", "who makes cgroups"},                 \
			{"rootless", 0, OPTION_STRING, &(raw)->rootless, "auto|true|false",        \
				"run without privilege"},                                          \
			{"criu", 0, OPTION_STRING, &(raw)->criu, "PATH",                           \
				"the program for checkpoint and restore"},                         \
			{"home", 0, OPTION_STRING, &(raw)->home, "DIR",                            \
				"the operator's directory"},                                       \
			{"bottle", 0, OPTION_LIST, &(raw)->bottles, "NAME",                        \
				"run in this bottle: a lock"},                                     \
			{"agent", 0, OPTION_STRING, &(raw)->agent, "NAME",                         \
				"the agent's manifest"},                                           \
			{"selectable", 0, OPTION_NAMES, &(raw)->selectable, "NAME,…",              \
				"bottles that annotations may choose"},                            \
			{"select-from-env", 0, OPTION_SWITCH, &(raw)->select_from_env, NULL,       \
				"the container's BOTTLE may choose, too"},                         \
			{"default-bottle", 0, OPTION_STRING, &(raw)->default_bottle, "NAME",       \
				"bottle where none was chosen"},                                   \
			{"require-bottle", 0, OPTION_SWITCH, &(raw)->require_bottle, NULL,         \
				"refuse a container without a bottle"},                            \
			{"egress", 0, OPTION_STRING, &(raw)->egress, "auto|engine|bridge|none",    \
				"how the sidecar reaches the world"},                              \
			{"version", 'v', OPTION_SWITCH, &(raw)->version, NULL, "print versions"},  \
	}

static const struct options *global_options(struct raw *raw)
{
	static struct option_def defs[17];
	static struct options o = {
		.program = "bottle-shim",
		.usage = "[global options] COMMAND [options] [operands]",
		.help = "OCI container runtime that keeps a coding agent in a bottle.",
		.defs = defs,
		.n_defs = ARRAY_LEN(defs),
		.stop_at_operand = true,
	};
	const struct option_def filled[] = RAW_OPTIONS(raw);

	_Static_assert(sizeof(filled) == sizeof(defs), "one place for each option");
	memcpy(defs, filled, sizeof(defs));
	return &o;
}

void globals_print_help(void)
{
	struct raw raw = {0};

	options_print_help(global_options(&raw));
}

/* Position of `word` in a NULL-terminated list, or an error that names what is allowed. */
static int choose(const char *option, const char *word, const char *const *list, struct err *e)
{
	cleanup_str struct str allowed = {0};

	for (int i = 0; list[i]; i++) {
		if (strcmp(word, list[i]) == 0)
			return i;
		str_addf(&allowed, "%s%s", i ? ", " : "", list[i]);
	}
	return err_say(e, EINVAL, "option --%s: found '%s', allowed are %s", option, word,
		allowed.s ? allowed.s : "");
}

static int set_words(const struct raw *raw, struct globals *g, struct err *e)
{
	static const char *const formats[] = {"text", "json", NULL};
	static const char *const managers[] = {"cgroupfs", "systemd", "disabled", NULL};
	static const char *const rootless[] = {"auto", "true", "false", NULL};
	static const char *const egress[] = {"auto", "engine", "bridge", "none", NULL};
	int format = choose("log-format", raw->log_format ? raw->log_format : "text", formats, e);
	int manager = format < 0 ? format
				 : choose("cgroup-manager",
					   raw->cgroup_manager ? raw->cgroup_manager : "cgroupfs",
					   managers, e);
	int less = manager < 0 ? manager
			       : choose("rootless", raw->rootless ? raw->rootless : "auto",
					 rootless, e);
	int mode =
		less < 0 ? less : choose("egress", raw->egress ? raw->egress : "auto", egress, e);

	if (mode < 0)
		return mode;
	g->log_format = format == 0 ? LOG_TEXT : LOG_JSON;
	g->cgroup_manager = raw->systemd_cgroup ? CGROUP_SYSTEMD : (enum cgroup_manager)manager;
	g->rootless = less == 1 || (less == 0 && geteuid() != 0);
	g->choice.egress = (enum plan_egress_mode)mode;
	return 0;
}

/* The monitor, a process with another working directory, opens it again. NULL: errno. */
static char *absolute(const char *path)
{
	cleanup_free char *cwd = *path == '/' ? NULL : getcwd(NULL, 0);

	if (*path == '/')
		return strdup(path);
	return cwd ? str_format("%s/%s", cwd, path) : NULL;
}

/* An ordinary user's own place; root's of a user namespace, who can write /run no more than he. */
static char *default_root(const struct raw *raw, const struct globals *g)
{
	const char *runtime_dir = getenv("XDG_RUNTIME_DIR");
	bool denied = str_eq(raw->rootless, "false");

	if (runtime_dir && *runtime_dir && (g->rootless || (!denied && userns_is_rootless())))
		return str_format("%s/bottle-shim", runtime_dir);
	if (g->rootless && geteuid() != 0)
		return str_format("/run/user/%u/bottle-shim", (unsigned)geteuid());
	return strdup("/run/bottle-shim");
}

/* ROOT and home have defaults that depend on who runs us. Owned by the globals. */
static int set_directories(const struct raw *raw, struct globals *g, struct err *e)
{
	const char *home = raw->home ? raw->home : getenv("BOTTLE_HOME");
	char *root, *bottle_home;

	g->root_given = raw->root != NULL;
	root = raw->root ? absolute(raw->root) : default_root(raw, g);
	g->root = root;
	g->choice.root = root;
	if (home && *home)
		bottle_home = absolute(home);
	else if (getenv("HOME"))
		bottle_home = str_format("%s/.bot-bottle", getenv("HOME"));
	else
		bottle_home = strdup("/etc/bot-bottle");
	g->choice.home = bottle_home;
	return root && bottle_home ? 0 : err_set(e, errno, "options --root and --home");
}

static int from_raw(struct raw *raw, struct globals *g, struct err *e)
{
	int r;

	g->log = raw->log;
	g->criu = raw->criu && *raw->criu ? raw->criu : "criu";
	g->debug = raw->debug;
	g->choice.bottles = steal_ptr(&raw->bottles);
	g->choice.selectable = steal_ptr(&raw->selectable);
	g->choice.agent = raw->agent;
	g->choice.select_from_env = raw->select_from_env;
	g->choice.default_bottle = raw->default_bottle;
	g->choice.require_bottle = raw->require_bottle;
	r = set_words(raw, g, e);
	return r < 0 ? r : set_directories(raw, g, e);
}

int globals_parse(int argc, char **argv, struct globals_line *ret, struct err *e)
{
	const char *file = getenv("BOTTLE_RUNTIME_FILE");
	struct raw raw = {0};
	int n = options_parse(global_options(&raw), argc, argv, e);

	*ret = (struct globals_line){.version = raw.version};
	if (n == OPTIONS_HELP) {
		ret->help = true;
		return 0;
	}
	if (n < 0)
		return n;
	ret->command = n > 0 ? &argv[1] : NULL;
	if (!raw.version && globals_file_read(file ? file : GLOBALS_FILE, global_options(&raw),
				    &ret->globals.file_values, e) < 0)
		return -e->code;
	return from_raw(&raw, &ret->globals, e);
}

int globals_open_log(const struct globals *g, struct err *e)
{
	int fd = -1;

	if (g->log && *g->log) {
		fd = open(g->log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY, 0644);
		if (fd < 0)
			return err_set(e, errno, "open the log '%s'", g->log);
	}
	log_setup(fd, g->log_format, g->debug ? LOG_DEBUG : LOG_INFO);
	return 0;
}

void globals_done(struct globals *g)
{
	free((char *)g->root);
	free((char *)g->choice.home);
	strv_free(g->file_values);
	strv_free(g->choice.bottles);
	strv_free(g->choice.selectable);
	*g = (struct globals){0};
}
