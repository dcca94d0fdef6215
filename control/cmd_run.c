#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/json.h"
#include "base/path.h"
#include "base/proc.h"
#include "base/ptr.h"
#include "base/str.h"
#include "control/command.h"
#include "control/home.h"
#include "control/options.h"
#include "control/runconfig.h"
#include "control/runtime.h"
#include "control/scratch.h"
#include "control/workspace.h"

#define PID_FILE "pid" /* of the scratch directory: there once the container is made */

static const char help[] =
	"usage: bottle run [options] [--] COMMAND [ARGUMENT…]\n"
	"\n"
	"Runs COMMAND in a bottle, without an image: the host's own programs (/usr) read-only, a\n"
	"private /tmp, /home and /run, and the workspace, which is the current directory. The "
	"exit\n"
	"status is the command's; 125 when it could not be started. An ordinary user needs "
	"subordinate\n"
	"ids (subuid(5)) and pasta(1).\n"
	"\n"
	"  --bottle NAME     the bottle; may be given more than once, later ones win (default: "
	"default)\n"
	"  --agent NAME      the agent manifest\n"
	"  --home DIR        directory with bottles/ and secrets/\n"
	"                    (default: $BOTTLE_HOME, ~/.bot-bottle or " HOME_OF_ENGINE ")\n"
	"  --workspace DIR   instead of the current directory\n"
	"  --env NAME=VALUE  for the command; may be given more than once\n"
	"  --egress MODE     auto, bridge or none: how the sidecar reaches the world\n";

struct run_options {
	char **bottles; /* owned list */
	char **env;	/* owned list */
	const char *agent, *home, *workspace, *egress;
	char **command; /* of argv */
};

static void run_options_done(struct run_options *o)
{
	strv_free(o->bottles);
	strv_free(o->env);
}

static int add_env(struct run_options *o, const char *value, struct err *e)
{
	if (!strchr(value, '=') || *value == '=')
		return err_say(e, EINVAL, "--env '%s': expected NAME=VALUE", value);
	return strv_add(&o->env, value) < 0 ? err_set(e, ENOMEM, "--env") : 0;
}

static int set_option(void *arg, int which, const char *value, struct err *e)
{
	struct run_options *o = arg;

	switch (which) {
	case 'b':
		return strv_add(&o->bottles, value) < 0 ? err_set(e, ENOMEM, "--bottle") : 0;
	case 'e':
		return add_env(o, value, e);
	case 'a':
		o->agent = value;
		return 0;
	case 'w':
		o->workspace = value;
		return 0;
	default:
		o->egress = value;
		return 0;
	}
}

static int parse_options(char **argv, struct run_options *o, struct err *e)
{
	static const struct option table[] = {{"bottle", required_argument, NULL, 'b'},
		{"env", required_argument, NULL, 'e'}, {"agent", required_argument, NULL, 'a'},
		{"workspace", required_argument, NULL, 'w'},
		{"egress", required_argument, NULL, 'E'}, OPTIONS_COMMON};
	const struct options options = {.command = "run",
		.help = help,
		.letters = "+h",
		.table = table,
		.set = set_option,
		.arg = o};
	int r = options_read(&options, argv, &o->home, &o->command, e);

	if (r > 0 && !*o->command)
		return err_say(e, EINVAL,
			"no command given; for example: bottle run --bottle default -- bash");
	return r;
}

/*
 * The files that the agent makes in the workspace belong to whom the workspace belongs; an ordinary
 * user can give them to nobody but himself.
 */
static int find_user(const char *workspace, struct hostroot_user *ret, struct err *e)
{
	struct stat st;

	if (geteuid() != 0) {
		*ret = (struct hostroot_user){.uid = geteuid(), .gid = getegid()};
		return 0;
	}
	if (stat(workspace, &st) < 0)
		return err_set(e, errno, "the workspace '%s'", workspace);
	*ret = (struct hostroot_user){.uid = st.st_uid, .gid = st.st_gid};
	return 0;
}

static int write_config(const struct scratch *s, const struct runconfig *c, struct err *e)
{
	cleanup_json json_t *config = runconfig_json(c);
	cleanup_free char *text = config ? json_dumps(config, JSON_INDENT(1)) : NULL;

	if (!text)
		return err_set(e, ENOMEM, "config.json");
	return path_write_file(s->dirfd, "config.json", text, strlen(text), 0600, e);
}

/* By ourselves: the container's root may be another than us, whose directories we cannot remove. */
static int make_mount_point(int root, const char *workspace, struct err *e)
{
	cleanup_fd int fd = path_mkdir_in_root(root, workspace, 0755);

	return fd < 0 ? err_set(e, -fd, "make '%s' in the container's root", workspace) : 0;
}

static int write_bundle(
	const struct scratch *s, const struct run_options *o, const char *workspace, struct err *e)
{
	struct runconfig c = {.workspace = workspace, .env = o->env, .args = o->command};
	cleanup_fd int root = -1;
	struct winsize size;
	int r = find_user(workspace, &c.user, e);

	if (r < 0)
		return r;
	c.terminal = isatty(STDIN_FILENO) && isatty(STDOUT_FILENO);
	if (c.terminal && ioctl(STDIN_FILENO, TIOCGWINSZ, &size) == 0) {
		c.rows = size.ws_row;
		c.columns = size.ws_col;
	}
	if (mkdirat(s->dirfd, "rootfs", 0755) < 0)
		return err_set(e, errno, "make '%s/rootfs'", s->path);
	root = openat(s->dirfd, "rootfs", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (root < 0)
		return err_set(e, errno, "open '%s/rootfs'", s->path);
	r = hostroot_make(root, &c.user, e);
	if (r >= 0)
		r = make_mount_point(root, workspace, e);
	return r < 0 ? r : write_config(s, &c, e);
}

/* The command line of `bottle-shim … run`. NULL when memory ran out. */
static char **runtime_argv(const struct run_options *o, const char *home, const struct scratch *s)
{
	char **argv = NULL;

	strv_add(&argv, "bottle-shim");
	strv_add(&argv, "--home");
	strv_add(&argv, home);
	strv_add(&argv, "--require-bottle");
	for (char **b = o->bottles; b && *b; b++)
		strv_push(&argv, str_format("--bottle=%s", *b));
	if (!o->bottles)
		strv_add(&argv, "--default-bottle=default");
	if (o->agent)
		strv_push(&argv, str_format("--agent=%s", o->agent));
	if (o->egress)
		strv_push(&argv, str_format("--egress=%s", o->egress));
	strv_add(&argv, "run");
	strv_add(&argv, "--bundle");
	strv_add(&argv, s->path);
	strv_push(&argv, str_format("--pid-file=%s/" PID_FILE, s->path));
	strv_add(&argv, s->id);
	return argv;
}

/* Whatever state a run was left in: its container and bottle, then its directory. */
static int clear_away(const char *runtime_path, struct scratch *s, struct err *e)
{
	int r = runtime_delete(runtime_path, s->id, e);

	return r < 0 ? r : scratch_remove(s, e);
}

/* What a killed run left behind. A failure is told and stops nothing. */
static void clear_stale(const char *runtime_path)
{
	struct err e = {0};
	int r;

	do {
		cleanup_scratch struct scratch s = SCRATCH_NONE;

		r = scratch_take_stale(&s, &e);
		if (r > 0 && clear_away(runtime_path, &s, &e) < 0)
			r = -1;
	} while (r > 0);
	if (r < 0)
		fprintf(stderr, "bottle run: what an earlier run left: %s\n", e.msg);
}

static int run_in(const struct run_options *o, const char *home, const char *workspace,
	const char *runtime_path, struct err *e)
{
	cleanup_scratch struct scratch s = SCRATCH_NONE;
	cleanup_strv char **argv = NULL;
	cleanup_proc struct proc runtime = PROC_NONE;
	cleanup_fd int signals = runtime_catch_signals(e);
	struct err clearing = {0};
	int r = signals < 0 ? signals : scratch_make(&s, e);

	if (r < 0)
		return r;
	r = write_bundle(&s, o, workspace, e);
	if (r >= 0) {
		argv = runtime_argv(o, home, &s);
		r = runtime_spawn(runtime_path, argv, &runtime, e);
	}
	if (r >= 0)
		r = runtime_watch(signals, &runtime, runtime_path, s.id, e);
	/* The runtime has said why; its 1 must not pass for the command's. */
	if (r == 1 && faccessat(s.dirfd, PID_FILE, F_OK, 0) < 0)
		r = COMMAND_FAILED;
	if (clear_away(runtime_path, &s, &clearing) < 0)
		fprintf(stderr, "bottle run: clearing away: %s\n", clearing.msg);
	return r;
}

static int run_checked(const struct run_options *o, struct err *e)
{
	cleanup_free char *home = NULL, *workspace = NULL;
	cleanup_free char *runtime_path = runtime_find();
	int r = home_find(o->home, &home, e);

	if (r < 0)
		return r;
	if (!runtime_path || access(runtime_path, X_OK) < 0)
		return err_say(e, ENOENT, "bottle-shim is missing beside this program ('%s')",
			runtime_path ? runtime_path : "?");
	r = workspace_resolve(o->workspace, home, &workspace, e);
	if (r < 0)
		return r;
	clear_stale(runtime_path);
	return run_in(o, home, workspace, runtime_path, e);
}

static int run(char **argv, struct err *e)
{
	struct run_options o = {0};
	int r = parse_options(argv, &o, e);

	if (r > 0)
		r = run_checked(&o, e);
	run_options_done(&o);
	return r;
}

const struct command cmd_run = {
	.name = "run",
	.help = "run a command in a bottle, on the host's own programs",
	.run = run,
};
