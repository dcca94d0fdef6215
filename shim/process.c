#include "shim/process.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <linux/capability.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/path.h"
#include "base/proc.h"
#include "base/ptr.h"
#include "base/str.h"
#include "shim/seccomp_families.h"
#include "shim/seccomp_handover.h"

#define PASSWD_MAX (1U << 20)

/* The sixth field of the line whose third is uid. */
static char *home_of(const char *passwd, uint32_t uid)
{
	for (const char *line = passwd; line && *line;) {
		const char *end = strchrnul(line, '\n'), *field[7];
		char *stop;
		int n = 0;

		field[n++] = line;
		for (const char *p = line; p < end && n < 7; p++)
			if (*p == ':')
				field[n++] = p + 1;
		if (n >= 6 && field[2][0] >= '0' && field[2][0] <= '9' &&
			strtoul(field[2], &stop, 10) == uid && *stop == ':') {
			const char *last = n == 7 ? field[6] - 1 : end;

			return strndup(field[5], (size_t)(last - field[5]));
		}
		line = *end ? end + 1 : NULL;
	}
	return NULL;
}

int process_set_home(char ***env, uint32_t uid, struct err *e)
{
	cleanup_free char *text = NULL, *home = NULL;
	struct err ignored;
	const char *now = env_get(*env, "HOME");

	if (now && *now)
		return 0;
	if (path_read_in_root(AT_FDCWD, "/etc/passwd", PASSWD_MAX, &text, NULL, &ignored) == 0)
		home = home_of(text, uid);
	if (env_set(env, "HOME", home && *home ? home : "/") < 0)
		return err_set(e, ENOMEM, "environment");
	return 0;
}

static int check_executable(const char *path)
{
	struct stat st;

	if (stat(path, &st) < 0)
		return -errno;
	if (S_ISDIR(st.st_mode))
		return -EISDIR;
	return st.st_mode & 0111 ? 0 : -EACCES;
}

static int lookup_path(const struct oci_process *p, char **ret, struct err *e)
{
	const char *name = p->args[0];
	cleanup_free char *full = *name == '/' ? strdup(name) : str_format("%s/%s", p->cwd, name);
	char reason[80];
	int r;

	if (!full)
		return err_set(e, ENOMEM, "exec");
	r = check_executable(full);
	/* Docker 20.10 makes 126 of "permission denied" only, newer ones of a directory, too. */
	if (r == -EACCES || r == -EISDIR)
		return err_say(e, -r, "exec: \"%s\": permission denied%s", name,
			r == -EISDIR ? ": it is a directory" : "");
	if (r < 0)
		return err_say(e, -r, "exec: \"%s\": stat %s: %s", name, name,
			err_reason(-r, reason, sizeof(reason)));
	*ret = steal_ptr(&full);
	return 0;
}

int process_lookup(const struct oci_process *p, char *const *env, char **ret, struct err *e)
{
	const char *name = p->args[0], *path = env_get(env, "PATH");
	bool forbidden = false;

	if (strchr(name, '/'))
		return lookup_path(p, ret, e);
	for (const char *dir = path; dir && *name;) {
		const char *end = strchrnul(dir, ':');
		cleanup_free char *full =
			end == dir ? str_format("%s/%s", p->cwd, name)
				   : str_format("%.*s/%s", (int)(end - dir), dir, name);
		int r = full ? check_executable(full) : -ENOMEM;

		if (r == 0) {
			*ret = steal_ptr(&full);
			return 0;
		}
		forbidden |= r == -EACCES;
		dir = *end ? end + 1 : NULL;
	}
	if (forbidden)
		return err_say(e, EACCES, "exec: \"%s\": permission denied", name);
	return err_say(e, ENOENT, "exec: \"%s\": executable file not found in $PATH", name);
}

/* The first descriptor that is not handed on, within what there can be. */
static int first_dropped(const struct process_plan *p)
{
	long most = sysconf(_SC_OPEN_MAX);

	if (most < 3)
		most = 3;
	return p->preserve_fds < most - 3 ? (int)(3 + p->preserve_fds) : (int)most;
}

static bool is_kept(const int *keep, size_t n, int fd)
{
	for (size_t i = 0; i < n; i++)
		if (keep[i] == fd)
			return true;
	return false;
}

int process_keep_only(const struct process_plan *p, int *keep, size_t n, struct err *e)
{
	int first = first_dropped(p), r;

	for (int fd = 3; fd < first; fd++) {
		int flags = fcntl(fd, F_GETFD);

		if (flags > 0 && flags & FD_CLOEXEC && !is_kept(keep, n, fd))
			close(fd);
	}
	r = proc_close_but((unsigned int)first, keep, n);
	return r < 0 ? err_set(e, -r, "close_range") : 0;
}

static bool is_null(const struct stat *st)
{
	return S_ISCHR(st->st_mode) && st->st_rdev == makedev(1, 3);
}

/*
 * The host's null device is the host's inode, whose mode root could change by the descriptor: the
 * container's own takes its place, where it has one. -1: it has none. Not to block on a FIFO of
 * that name, it is opened so that it would not.
 */
static int open_own_null(void)
{
	cleanup_fd int fd =
		open("/dev/null", O_RDWR | O_NOCTTY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0 || !is_null(&st) || fcntl(fd, F_SETFL, 0) < 0)
		return -1;
	return steal_fd(&fd);
}

/* A terminal's group is the system's, a file's the operator's; a pipe is between us alone. */
static gid_t group_for(const struct stat *st, const struct oci_process *p)
{
	return S_ISFIFO(st->st_mode) ? p->gid : st->st_gid;
}

void process_own_stdio(const struct oci_process *p)
{
	cleanup_fd int null = -1;

	for (int fd = 0; fd < 3; fd++) {
		struct stat st;

		if (fstat(fd, &st) < 0)
			continue;
		if (is_null(&st)) {
			null = null < 0 ? open_own_null() : null;
			if (null >= 0)
				(void)dup2(null, fd);
			continue;
		}
		/* Best effort: a file of another's, a read-only place or an unmapped id stays. */
		if (st.st_uid != p->uid || st.st_gid != group_for(&st, p))
			(void)!fchown(fd, p->uid, group_for(&st, p));
	}
}

static int set_groups(const struct oci_process *p, bool keep, struct err *e)
{
	int kept = keep ? getgroups(0, NULL) : 0;
	cleanup_free gid_t *groups = NULL;
	size_t n = kept > 0 ? (size_t)kept : 0;

	if (keep && p->n_additional_gids == 0)
		return 0;
	groups = calloc(n + p->n_additional_gids + 1, sizeof(*groups));
	if (!groups)
		return err_set(e, ENOMEM, "groups");
	if (n && getgroups((int)n, groups) < 0)
		return err_set(e, errno, "getgroups");
	for (size_t i = 0; i < p->n_additional_gids; i++)
		groups[n++] = p->additional_gids[i];
	/* Where setgroups is denied (user_namespaces(7)) there are none to be dropped by right. */
	if (setgroups(n, groups) < 0 && !(errno == EPERM && (keep || n == 0)))
		return err_set(e, errno, "setgroups");
	return 0;
}

static int set_user(const struct oci_process *p, bool keep_groups, struct err *e)
{
	int r = set_groups(p, keep_groups, e);

	if (r < 0)
		return r;
	if (setresgid(p->gid, p->gid, p->gid) < 0)
		return err_set(e, errno, "setgid %u", p->gid);
	if (setresuid(p->uid, p->uid, p->uid) < 0)
		return err_set(e, errno, "setuid %u", p->uid);
	return 0;
}

/*
 * A working directory such as /proc/self/fd/7 could lead to a directory of the host
 * (CVE-2024-21626): getcwd(2) tells, by a path that does not begin with "/".
 */
static int check_cwd(struct err *e)
{
	char here[PATH_MAX];

	if (syscall(SYS_getcwd, here, sizeof(here)) < 0)
		return err_set(e, errno, "getcwd");
	if (*here != '/')
		return err_say(e, EPERM,
			"current working directory is outside of container mount namespace root "
			"-- possible container breakout detected");
	return 0;
}

/* with_agent: as the process itself; without, what a rule asks the agent has no answer (ENOSYS). */
static int filter(const struct process_plan *p, bool with_agent, struct err *e)
{
	struct seccomp_program alone;
	struct seccomp_handover *h = NULL;
	int listener = -1, r = 0;

	if (!p->seccomp)
		return 0;
	alone = *p->seccomp;
	alone.notify = alone.notify && with_agent;
	if (alone.notify && !p->seccomp_message)
		return err_say(e, EINVAL, "linux.seccomp: SCMP_ACT_NOTIFY needs a listenerPath");
	if (p->in_bottle)
		r = seccomp_refuse_families(e);
	if (r == 0 && alone.notify)
		r = seccomp_handover_begin(p->seccomp_agent, p->seccomp_message, &h, e);
	if (r == 0)
		r = seccomp_install(&alone, &listener, e);
	if (h && r < 0) {
		struct err ignored;

		seccomp_handover_end(h, -1, &ignored);
	} else if (h) {
		r = seccomp_handover_end(h, listener, e);
	}
	/* The listener stays open: it is close-on-exec, and close(2) may not be allowed. */
	return r;
}

int process_become(const struct process_plan *p, struct err *e)
{
	const struct oci_process *proc = p->process;
	const char *cwd = proc->cwd ? proc->cwd : "/";
	bool inside;
	int r = lsm_apply(proc, &p->lsm, e);

	if (r < 0)
		return r;
	umask(proc->has_umask ? proc->umask : 0022);
	r = process_set_memory_policy(p->memory_policy, e);
	if (r == 0)
		r = caps_drop_bounding(&p->caps, e);
	if (r == 0)
		r = caps_keep_over_setuid(e);
	/* With the rights of root where they are needed, else with the user's (NFS). */
	inside = r == 0 && chdir(cwd) == 0;
	if (r == 0)
		r = set_user(proc, p->keep_groups, e);
	if (r == 0 && !inside && chdir(cwd) < 0)
		r = err_set(e, errno, "chdir to cwd (\"%s\") set in config.json failed", cwd);
	if (r == 0)
		r = check_cwd(e);
	if (r == 0 && proc_cloexec_from((unsigned int)first_dropped(p)) < 0)
		r = err_set(e, errno, "close_range");
	return r;
}

/* Loading a filter without no_new_privs needs CAP_SYS_ADMIN, which may be about to go. */
static bool may_filter_late(const struct process_plan *p)
{
	return p->process->no_new_privileges || caps_will_have(&p->caps, CAP_SYS_ADMIN);
}

int process_confine(const struct process_plan *p, bool with_agent, struct err *e)
{
	bool late = may_filter_late(p);
	int r = 0;

	if (!late && p->seccomp && p->process->uid != 0)
		r = caps_raise(e);
	if (r == 0 && !late)
		r = filter(p, with_agent, e);
	if (r == 0)
		r = caps_apply(&p->caps, e);
	if (r == 0 && p->process->no_new_privileges && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		r = err_set(e, errno, "set no_new_privs");
	if (r == 0 && late)
		r = filter(p, with_agent, e);
	return r;
}

int process_exec(const struct process_plan *p, const char *path, char *const *env, struct err *e)
{
	char reason[80];

	execve(path, p->process->args, env);
	return err_say(e, errno, "exec %s: %s", path, err_reason(errno, reason, sizeof(reason)));
}
