#include "shim/pidns.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "base/proc.h"
#include "base/ptr.h"
#include "base/str.h"

static bool namespace_of(const char *pid, struct stat *ret)
{
	char path[280];

	snprintf(path, sizeof(path), "/proc/%s/ns/pid", pid);
	return stat(path, ret) == 0;
}

/* Whether it is the first process of its pid namespace: "NSpid: 4711 1" (proc_pid_status(5)). */
static bool is_first(const char *pid)
{
	cleanup_free char *path = str_format("/proc/%s/status", pid), *text = NULL;
	const char *line, *last;
	struct err ignored;

	if (!path || fd_read_file(AT_FDCWD, path, 1 << 16, &text, NULL, &ignored) < 0)
		return false;
	line = strstr(text, "\nNSpid:");
	if (!line)
		return false;
	last = line + 1 + strcspn(line + 1, "\n");
	return last[-1] == '1' && isspace((unsigned char)last[-2]);
}

static int add_pid(pid_t **list, size_t *n, pid_t pid)
{
	pid_t *more = realloc(*list, (*n + 1) * sizeof(**list));

	if (!more)
		return -ENOMEM;
	more[(*n)++] = pid;
	*list = more;
	return 0;
}

static int scan(DIR *proc, const struct stat *wanted, pid_t **ret, size_t *n)
{
	struct dirent *de;
	struct stat st;
	int r = 0;

	while (r == 0 && (de = readdir(proc)))
		if (isdigit((unsigned char)de->d_name[0]) && namespace_of(de->d_name, &st) &&
			st.st_ino == wanted->st_ino && st.st_dev == wanted->st_dev)
			r = add_pid(ret, n, (pid_t)strtol(de->d_name, NULL, 10));
	return r;
}

int pidns_pids(const struct state *s, pid_t **ret, size_t *n, struct err *e)
{
	cleanup_fd int pidfd = state_init_pidfd(s);
	cleanup_free pid_t *list = NULL;
	struct stat init;
	char pid[16];
	DIR *proc;
	int r;

	*n = 0;
	*ret = NULL;
	if (pidfd < 0)
		return 0;
	snprintf(pid, sizeof(pid), "%d", (int)s->pid);
	/* A namespace by path has others' processes, too. */
	if (!is_first(pid) || !namespace_of(pid, &init)) {
		r = add_pid(&list, n, s->pid);
	} else {
		proc = opendir("/proc");
		r = proc ? scan(proc, &init, &list, n) : -errno;
		if (proc)
			closedir(proc);
	}
	*ret = steal_ptr(&list);
	return r < 0 ? err_set(e, -r, "look for the container's processes in '/proc'") : 0;
}

int pidns_signal_all(const struct state *s, int sig, struct err *e)
{
	cleanup_free pid_t *pids = NULL;
	size_t n;
	int r = pidns_pids(s, &pids, &n, e);

	for (size_t i = 0; r == 0 && i < n; i++) {
		cleanup_fd int pidfd = proc_pidfd_open(pids[i]);

		if (pidfd >= 0)
			r = proc_pidfd_signal(pidfd, sig);
		if (r == -ESRCH)
			r = 0;
		if (r < 0)
			err_set(e, -r, "signal process %d", (int)pids[i]);
	}
	return r;
}
