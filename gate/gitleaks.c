#include "gate/gitleaks.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/ptr.h"
#include "base/secret.h"
#include "gate/gitleaks_report.h"
#include "gate/refs.h"
#include "gate/sanitize.h"

/* Exit status of our choice for "found something": 1 is its own for every other failure. */
#define FOUND 99
/* It reads about a megabyte a second. */
#define PATIENCE_MS (15 * 60 * 1000)
#define HELP_MS	    30000
#define OUTPUT_MAX  (16U << 20)
/* One argument holds 128 KiB (MAX_ARG_STRLEN): so many SHA-1 names, or half of SHA-256. */
#define OPTIONS_MAX (100U << 10)
/* Its standard error and its report, in the child. */
#define REPORT_FD 3

static const char *const programs[] = {"/usr/bin/gitleaks", "/usr/local/bin/gitleaks"};

/*
 * `git log -p -U0`'s further options. What a merge alone brings is told by merging again; binary
 * files are text, and whatever attributes say of others, too; what was renamed is there anew.
 */
static const char log_options[] = "--diff-merges=remerge --full-history --no-renames --root --text "
				  "--no-textconv --no-ext-diff --no-color --no-notes --no-mailmap "
				  "--no-show-signature --no-decorate --diff-filter=d "
				  "--ignore-submodules=all --src-prefix=a/ --dst-prefix=b/";

struct gitleaks {
	const struct git_job *job;
	const char *program;
	bool detect; /* `gitleaks detect`, before 8.19 */
};

/* ---- running it */

static int in_child(void *arg, struct err *e)
{
	const struct rlimit most = {OUTPUT_MAX, OUTPUT_MAX};

	(void)arg;
	if (setrlimit(RLIMIT_FSIZE, &most) < 0 || prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0)
		return err_set(e, errno, "limit gitleaks");
	return 0;
}

/* It runs git itself: with the environment that we give git, and the mirror named in it. */
static char **make_env(const struct git_job *job)
{
	cleanup_strv char **env = git_env(job);
	cleanup_free char *dir = str_format("%s/%s.git", job->gate->git_dir, job->repo->name);

	if (!env || !dir || env_set(&env, "GIT_DIR", dir) < 0)
		return NULL;
	return steal_ptr(&env);
}

static char **make_list(const char *const *list, size_t n)
{
	cleanup_strv char **argv = NULL;

	for (size_t i = 0; i < n; i++)
		if (!list[i] || strv_add(&argv, list[i]) < 0)
			return NULL;
	return steal_ptr(&argv);
}

/* Its exit status. output: files, borrowed: for both its streams, for its report or -1. */
static int run(const struct gitleaks *g, char *const *argv, const int output[2], int patience_ms,
	struct err *e)
{
	cleanup_strv char **env = make_env(g->job);
	const struct proc_fd fds[] = {{output[0], 1}, {output[0], 2}, {output[1], REPORT_FD}};
	const struct proc_spec spec = {.path = g->program,
		.argv = argv,
		.envp = env,
		.fds = fds,
		.n_fds = output[1] >= 0 ? 3 : 2,
		.in_child = in_child};
	cleanup_proc struct proc p = PROC_NONE;
	int status, r = env ? proc_spawn(&spec, &p, e) : err_set(e, ENOMEM, "run gitleaks");

	if (r == 0)
		r = proc_wait(&p, patience_ms, &status, e);
	if (r == 0)
		return err_say(e, ETIMEDOUT, "it did not end within %d s", patience_ms / 1000);
	return r < 0 ? r : git_status(status);
}

static int open_output(const char *name, struct err *e)
{
	int fd = memfd_create(name, MFD_CLOEXEC);

	return fd < 0 ? err_set(e, errno, "memfd_create") : fd;
}

static int read_output(int fd, const char *name, char **ret, size_t *ret_len, struct err *e)
{
	if (lseek(fd, 0, SEEK_SET) < 0)
		return err_set(e, errno, "read %s", name);
	return fd_read_all(fd, name, OUTPUT_MAX, ret, ret_len, e);
}

/* ---- which one it is */

static int find_program(struct gitleaks *g, struct err *e)
{
	for (size_t i = 0; i < ARRAY_LEN(programs); i++)
		if (access(programs[i], X_OK) == 0)
			g->program = programs[i];
	return g->program ? 0
			  : err_say(e, ENOENT, "it is not installed (neither %s nor %s)",
				    programs[0], programs[1]);
}

/* Whether it has this command with the options that we need. 1, 0 or -errno. */
static int has_command(const struct gitleaks *g, const char *command, struct err *e)
{
	static const char *const needed[] = {"--log-opts", "--report-path", "--report-format",
		"--exit-code", "--ignore-gitleaks-allow", "--gitleaks-ignore-path"};
	const char *const list[] = {"gitleaks", command, "--help"};
	cleanup_strv char **argv = make_list(list, ARRAY_LEN(list));
	cleanup_fd int out = open_output("help", e);
	cleanup_free char *text = NULL;
	int status, r;

	if (!argv || out < 0)
		return argv ? -e->code : err_set(e, ENOMEM, "run gitleaks");
	status = run(g, argv, (const int[2]){out, -1}, HELP_MS, e);
	if (status != 0)
		return status < 0 ? status : 0;
	r = read_output(out, "its help", &text, NULL, e);
	if (r < 0)
		return r;
	for (size_t i = 0; i < ARRAY_LEN(needed); i++)
		if (!strstr(text, needed[i]))
			return 0;
	return 1;
}

static int find_command(struct gitleaks *g, struct err *e)
{
	int r = has_command(g, "git", e);

	if (r != 0)
		return r < 0 ? r : 0;
	g->detect = true;
	r = has_command(g, "detect", e);
	if (r != 0)
		return r < 0 ? r : 0;
	return err_say(e, ENOTSUP,
		"%s knows neither `git` nor `detect` with --ignore-gitleaks-allow: 8.18.2 or newer "
		"is wanted",
		g->program);
}

/* ---- what it is to read */

static void add_oids(struct str *out, const char *lines, char first, const char *before)
{
	for (const char *line = lines; *line; line += strcspn(line, "\n"), line += *line == '\n') {
		const char *oid = line + (first != '\0');
		size_t len = strcspn(oid, "\n");

		if ((first && *line != first) || !refs_is_oid(oid, len))
			continue;
		str_addf(out, " %s%.*s", before, (int)len, oid);
	}
}

/*
 * The same range in few words: instead of all that the upstream has, the commits of it on which
 * those of the push stand, since all that is older is reached through these.
 */
static int add_range(
	struct str *out, const struct git_job *job, const struct str *revisions, struct err *e)
{
	static const char *const args[] = {"rev-list", "--boundary", "--stdin", NULL};
	cleanup_git_result struct git_result res = {0};
	struct git_job list = *job;
	int r;

	list.args = args;
	list.input = revisions->s;
	list.input_len = revisions->len;
	r = git_must(&list, &res, e);
	if (r < 0)
		return r;
	add_oids(out, revisions->s, '\0', "");
	add_oids(out, res.out.s ? res.out.s : "", '-', "^");
	if (out->failed)
		return err_set(e, ENOMEM, "run gitleaks");
	return out->len <= OPTIONS_MAX
		       ? 0
		       : err_say(e, E2BIG,
				 "it cannot be told of so many places at once: push "
				 "fewer refs");
}

static char **make_argv(const struct gitleaks *g, const struct str *options)
{
	cleanup_free char *range = str_format("--log-opts=%s", options->s);
	cleanup_free char *report = str_format("--report-path=/proc/self/fd/%d", REPORT_FD);
	cleanup_free char *found = str_format("--exit-code=%d", FOUND);
	/* Where there is no .gitleaks.toml and no .gitleaksignore. */
	const char *source = g->job->gate->etc_dir;
	cleanup_free char *named = str_format("--source=%s", source);
	const char *const list[] = {"gitleaks", g->detect ? "detect" : "git", range, report, found,
		"--report-format=json", "--no-banner", "--log-level=info",
		"--ignore-gitleaks-allow", "--gitleaks-ignore-path=/nonexistent",
		g->detect ? named : source};

	return make_list(list, ARRAY_LEN(list));
}

/* ---- what it says */

/* Its log's last line, without colours. */
static int failed(int status, char *log, struct err *e)
{
	cleanup_free char *clean = NULL;
	char *line;

	for (size_t len = strlen(log); len > 0 && log[len - 1] == '\n'; len--)
		log[len - 1] = '\0';
	line = strrchr(log, '\n');
	line = line ? line + 1 : log;
	clean = sanitize_line(line, strlen(line));
	return err_say(e, EIO, "it ended with status %d: %s", status, clean ? clean : "");
}

/* What a run has left. */
struct said {
	int status;
	char *log, *report;
	size_t report_len;
};

static int judge(struct inspection *in, const struct said *said, size_t n_changing, struct err *e)
{
	size_t scanned;
	int n;

	if (said->status != 0 && said->status != FOUND)
		return failed(said->status, said->log, e);
	n = gitleaks_report_add(in, said->report, said->report_len, e);
	if (n < 0)
		return n;
	if ((n > 0) != (said->status == FOUND))
		return err_say(e, EPROTO, "it ended with status %d and reports %d findings",
			said->status, n);
	if (gitleaks_report_count(said->log, &scanned, e) < 0)
		return -e->code;
	return scanned > 0 ? 0 : err_say(e, EIO, "it has scanned 0 commits of %zu", n_changing);
}

static int read_all(struct inspection *in, const struct gitleaks *g, const struct str *options,
	size_t n_changing, struct err *e)
{
	cleanup_strv char **argv = make_argv(g, options);
	cleanup_fd int out = open_output("log", e), report = open_output("report", e);
	struct said said = {0};
	int r;

	if (!argv || out < 0 || report < 0)
		return argv ? -e->code : err_set(e, ENOMEM, "run gitleaks");
	said.status = run(g, argv, (const int[2]){out, report}, PATIENCE_MS, e);
	r = said.status < 0 ? said.status : 0;
	if (r == 0)
		r = read_output(out, "its log", &said.log, NULL, e);
	if (r == 0)
		r = read_output(report, "its report", &said.report, &said.report_len, e);
	if (r == 0)
		r = judge(in, &said, n_changing, e);
	if (said.report)
		secret_wipe(said.report, said.report_len);
	free(said.report);
	free(said.log);
	return r;
}

int gitleaks_read(struct inspection *in, const struct git_job *job, const struct str *revisions,
	size_t n_changing, struct err *e)
{
	struct gitleaks g = {.job = job};
	cleanup_str struct str options = {0};
	int r = find_program(&g, e);

	str_add(&options, log_options);
	if (r == 0)
		r = find_command(&g, e);
	if (r == 0)
		r = add_range(&options, job, revisions, e);
	if (r == 0)
		r = read_all(in, &g, &options, n_changing, e);
	return r < 0 ? err_wrap(e, "gitleaks") : 0;
}
