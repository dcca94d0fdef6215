#include "shim/store_git.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/path.h"
#include "base/proc.h"
#include "base/ptr.h"

#define GIT "/usr/bin/git"

/* Of what it complains about, the last this many bytes are looked at. */
#define COMPLAINT_MAX 1024

static char *const environment[] = {
	(char *)"PATH=/usr/bin:/bin",
	(char *)"HOME=/nonexistent",
	(char *)"LC_ALL=C",
	(char *)"GIT_CONFIG_NOSYSTEM=1",
	(char *)"GIT_CONFIG_GLOBAL=/dev/null",
	(char *)"GIT_NO_REPLACE_OBJECTS=1",
	(char *)"GIT_GRAFT_FILE=/nonexistent",
	(char *)"GIT_ATTR_NOSYSTEM=1",
	(char *)"GIT_TERMINAL_PROMPT=0",
	(char *)"GIT_ALLOW_PROTOCOL=none",
	NULL,
};

/* Memory is flat, whatever is brought: one thread, large files streamed, small caches. */
static const char config[] = "[core]\n"
			     "\trepositoryformatversion = %d\n"
			     "\tbare = true\n"
			     "\tcommitGraph = false\n"
			     "\tmultiPackIndex = false\n"
			     "\tbigFileThreshold = 16m\n"
			     "\tpackedGitLimit = 256m\n"
			     "\tpackedGitWindowSize = 16m\n"
			     "\tdeltaBaseCacheLimit = 48m\n"
			     "[pack]\n"
			     "\tthreads = 1\n"
			     "\twindowMemory = 64m\n"
			     "\tdeltaCacheSize = 32m\n"
			     "\twriteReverseIndex = true\n"
			     "[gc]\n\tauto = 0\n"
			     "%s";

static int write_file(const char *dir, const char *name, const char *text, struct err *e)
{
	cleanup_fd int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return err_set(e, errno, "open '%s'", dir);
	return path_replace_file(fd, name, text, strlen(text), 0600, e);
}

int store_git_init(const char *git_dir, bool sha256, const char *const *borrowed, struct err *e)
{
	cleanup_free char *info = str_format("%s/objects/info", git_dir);
	cleanup_free char *pack = str_format("%s/objects/pack", git_dir);
	cleanup_free char *refs = str_format("%s/refs", git_dir);
	cleanup_free char *settings =
		str_format(config, sha256, sha256 ? "[extensions]\n\tobjectFormat = sha256\n" : "");
	cleanup_str struct str lines = {0};
	int r;

	for (; *borrowed; borrowed++)
		str_addf(&lines, "%s\n", *borrowed);
	if (!info || !pack || !refs || !settings || lines.failed)
		return err_set(e, ENOMEM, "make '%s'", git_dir);
	r = path_mkdir_p(info, 0700, e);
	if (r == 0)
		r = path_mkdir_p(pack, 0700, e);
	if (r == 0)
		r = path_mkdir_p(refs, 0700, e);
	if (r == 0)
		r = write_file(git_dir, "config", settings, e);
	if (r == 0)
		r = write_file(git_dir, "HEAD", "ref: refs/heads/none\n", e);
	return r == 0 && lines.len > 0 ? write_file(info, "alternates", lines.s, e) : r;
}

static char **make_argv(const struct store_git *job)
{
	cleanup_strv char **argv = NULL;
	cleanup_free char *dir = str_format("--git-dir=%s", job->git_dir);
	int r = dir ? strv_add(&argv, "git") : -ENOMEM;

	if (r == 0)
		r = strv_add(&argv, dir);
	for (size_t i = 0; r == 0 && job->args[i]; i++)
		r = strv_add(&argv, job->args[i]);
	return r == 0 ? steal_ptr(&argv) : NULL;
}

static int read_lines(const struct store_git *job, int *fd, struct err *e)
{
	FILE *f = fdopen(*fd, "r");
	char *line = NULL;
	size_t cap = 0;
	ssize_t n;

	if (!f)
		return err_set(e, errno, "read what git prints");
	*fd = -1;
	while ((n = getline(&line, &cap, f)) > 0) {
		if (line[n - 1] == '\n')
			line[n - 1] = '\0';
		if (job->line)
			job->line(job->arg, line);
	}
	free(line);
	fclose(f);
	return 0;
}

/* Its last line says why it ended. */
static int complain(const struct store_git *job, int err_fd, int status, struct err *e)
{
	char text[COMPLAINT_MAX + 1], *last;
	off_t size = lseek(err_fd, 0, SEEK_END);
	ssize_t n =
		pread(err_fd, text, COMPLAINT_MAX, size > COMPLAINT_MAX ? size - COMPLAINT_MAX : 0);

	while (n > 0 && text[n - 1] == '\n')
		n--;
	text[n > 0 ? n : 0] = '\0';
	last = strrchr(text, '\n');
	return err_say(e, EIO, "git %s ended with status %d: %s", job->args[0],
		WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status),
		last ? last + 1 : text);
}

static int start(const struct store_git *job, const int stdio[3], struct proc *ret, struct err *e)
{
	const struct proc_fd fds[] = {{stdio[0], 0}, {stdio[1], 1}, {stdio[2], 2}};
	cleanup_strv char **argv = make_argv(job);
	const struct proc_spec spec = {
		.path = GIT, .argv = argv, .envp = environment, .fds = fds, .n_fds = 3};

	return argv ? proc_spawn(&spec, ret, e) : err_set(e, ENOMEM, "run git");
}

int store_git_run(const struct store_git *job, struct err *e)
{
	cleanup_fd int in = -1, out_r = -1, out_w = -1;
	cleanup_fd int complaints = memfd_create("complaints", MFD_CLOEXEC);
	cleanup_proc struct proc p = PROC_NONE;
	int out[2], status, r;

	if (complaints < 0 || pipe2(out, O_CLOEXEC) < 0)
		return err_set(e, errno, "run git");
	out_r = out[0];
	out_w = out[1];
	in = job->in_fd >= 0
		     ? fcntl(job->in_fd, F_DUPFD_CLOEXEC, 0)
		     : fd_memfd("input", job->input->s ? job->input->s : "", job->input->len, e);
	if (in < 0)
		return err_set(e, errno, "git's standard input");
	r = start(job, (const int[]){in, out_w, complaints}, &p, e);
	fd_close(&out_w);
	if (r == 0)
		r = read_lines(job, &out_r, e);
	if (r == 0)
		r = proc_wait(&p, -1, &status, e);
	if (r < 0)
		return r;
	return status == 0 ? 0 : complain(job, complaints, status, e);
}
