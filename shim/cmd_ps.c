#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/json.h"
#include "base/proc.h"
#include "base/ptr.h"
#include "base/str.h"
#include "shim/cmd.h"
#include "shim/options.h"
#include "shim/pidns.h"
#include "shim/state.h"

#define PS_OUTPUT_MAX (16U << 20)

static int container_pids(
	const struct globals *g, const char *id, pid_t **ret, size_t *n, struct err *e)
{
	cleanup_state struct state *s = NULL;
	cleanup_cgroup struct cgroup *cg = NULL;
	int r = state_load(g->root, id, &s, e);

	if (r == 0)
		r = state_cgroup(s, &cg, e);
	if (r < 0)
		return r;
	return cgroup_is_none(cg) ? pidns_pids(s, ret, n, e) : cgroup_pids(cg, ret, n, e);
}

static int print_json(const pid_t *pids, size_t n, struct err *e)
{
	cleanup_json json_t *list = json_array();

	for (size_t i = 0; i < n; i++)
		json_array_append_new(list, json_integer(pids[i]));
	if (!list || json_dumpf(list, stdout, JSON_COMPACT) < 0)
		return err_set(e, EIO, "write the list");
	putchar('\n');
	return 0;
}

/* The host's ps: it knows the options that the caller gave. The whole output; caller frees. */
static int host_ps(char *const *options, char **ret, struct err *e)
{
	static const char *const programs[] = {"/usr/bin/ps", "/bin/ps"};
	struct proc_spec spec = {.envp = environ};
	cleanup_proc struct proc p = PROC_NONE;
	cleanup_fd int in = -1, out = -1;
	cleanup_strv char **argv = NULL;
	int ends[2], status, r;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return err_set(e, errno, "pipe");
	in = ends[0];
	out = ends[1];
	r = strv_add(&argv, "ps");
	if (r == 0 && !*options)
		r = strv_add(&argv, "-ef");
	for (; r == 0 && *options; options++)
		r = strv_add(&argv, *options);
	if (r < 0)
		return err_set(e, -r, "ps");
	const struct proc_fd fds[] = {{out, STDOUT_FILENO}, {STDERR_FILENO, STDERR_FILENO}};
	spec.argv = argv;
	spec.fds = fds;
	spec.n_fds = ARRAY_LEN(fds);
	r = -ENOENT;
	for (size_t i = 0; r == -ENOENT && i < ARRAY_LEN(programs); i++) {
		spec.path = programs[i];
		r = proc_spawn(&spec, &p, e);
	}
	fd_close(&out);
	if (r == 0)
		r = fd_read_all(in, "output of ps", PS_OUTPUT_MAX, ret, NULL, e);
	if (r >= 0)
		r = proc_wait(&p, -1, &status, e);
	if (r >= 0 && status != 0)
		return err_say(e, EINVAL, "ps failed");
	return r < 0 ? r : 0;
}

/* Which blank-separated column of the header is "PID"; -1: none. */
static int pid_column(char *header)
{
	char *save = NULL;
	int column = 0;

	for (char *w = strtok_r(header, " \t", &save); w; w = strtok_r(NULL, " \t", &save)) {
		if (strcmp(w, "PID") == 0)
			return column;
		column++;
	}
	return -1;
}

static bool is_listed(const char *line, int column, const pid_t *pids, size_t n)
{
	const char *p = line + strspn(line, " \t");
	long pid;

	while (column-- > 0) {
		p += strcspn(p, " \t");
		p += strspn(p, " \t");
	}
	pid = strtol(p, NULL, 10);
	for (size_t i = 0; i < n; i++)
		if (pids[i] == pid)
			return true;
	return false;
}

static int print_table(char *const *options, const pid_t *pids, size_t n, struct err *e)
{
	cleanup_free char *text = NULL, *header = NULL;
	char *save = NULL, *line;
	int r = host_ps(options, &text, e), column;

	if (r < 0)
		return r;
	line = strtok_r(text, "\n", &save);
	header = strdup(line ? line : "");
	column = header ? pid_column(header) : -1;
	if (column < 0)
		return err_say(e, EINVAL, "couldn't find PID field in ps output");
	puts(line);
	while ((line = strtok_r(NULL, "\n", &save)))
		if (is_listed(line, column, pids, n))
			puts(line);
	return 0;
}

static int run(const struct globals *g, int argc, char **argv, struct err *e)
{
	const char *format = "table";
	const struct option_def defs[] = {
		{"format", 'f', OPTION_STRING, &format, "FORMAT", "table (default) or json"},
	};
	struct options o = {.program = "bottle-shim ps",
		.usage = cmd_ps.usage,
		.help = cmd_ps.help,
		.defs = defs,
		.n_defs = ARRAY_LEN(defs),
		.stop_at_operand = true};
	cleanup_free pid_t *pids = NULL;
	size_t n_pids;
	int n = options_parse(&o, argc, argv, e), r;

	if (n < 0 || n == OPTIONS_HELP)
		return n;
	r = options_need(&o, n, 1, INT_MAX, e);
	if (r == 0 && strcmp(format, "table") != 0 && strcmp(format, "json") != 0)
		r = err_say(e, EINVAL, "invalid format option '%s': table or json", format);
	if (r == 0)
		r = container_pids(g, argv[1], &pids, &n_pids, e);
	if (r < 0)
		return r;
	argv[n + 1] = NULL;
	return strcmp(format, "json") == 0 ? print_json(pids, n_pids, e)
					   : print_table(argv + 2, pids, n_pids, e);
}

const struct command cmd_ps = {
	.name = "ps",
	.usage = "[options] ID [ps options]",
	.help = "List the processes of a container.",
	.run = run,
};
